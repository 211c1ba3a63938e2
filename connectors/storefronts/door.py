"""The webhook endpoint of a shop system: a request comes in, its signature is checked, product changes go to Kafka.

Whatever is authentic is answered 200 once Kafka has it: topics we do not take are counted, and bodies we cannot use
are kept on `records.rejected`, for resending them cannot help.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.storefronts.deliveries import Delivery, RecentDeliveries
from connectors.storefronts.metrics import UNAUTHENTIC, WEBHOOKS
from schemas.errors import TerminalError, TransientError
from schemas.records import EpochMillis, ProductChange, Rejected, Shop

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of a body."""
FIRST_RECEIVED: Final = "X-Storestream-First-Received"
"""When what is delivered again came first, in milliseconds: nothing that it tells is newer than that."""

Secrets = Callable[[Sequence[str]], list[bytes]]
"""The secrets in the environment variables of these names."""
ReadBody = Callable[[Request], Awaitable[bytes]]
Headers = Mapping[str, str]

log = structlog.get_logger()


class System(Protocol):
    """What differs between shop systems."""

    path: str
    signature_header: str
    comes_again: bool
    """Whether it repeats a delivery that failed. Where it does not, what cannot be fetched now is kept as rejected."""

    def is_ping(self, headers: Headers, body: bytes) -> bool:
        """Tell whether this only asks whether somebody is there, unsigned."""

    def claims(self, shop: Shop, headers: Headers, body: bytes) -> bool:
        """Tell whether the request says that it comes from *shop*."""

    def secret_names(self, shop: Shop) -> Sequence[str]:
        """Name the environment variables with the shop's secrets."""

    def is_authentic(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Tell whether one of *secrets* signed the request."""

    def delivery(self, shop: Shop, headers: Headers, body: bytes, received_at: int) -> Delivery:
        """Say what is delivered; `delivery_id` is the same when it is delivered again."""

    async def changes(self, delivery: Delivery) -> list[ProductChange] | None:
        """Describe what changed, with what must be fetched for it; None for a topic we do not take.

        Raises:
            TerminalError: the body cannot be used, or what it names cannot be had.
            TransientError: what it names cannot be had now.
        """


class Shops(Protocol):
    """The shops configured."""

    @property
    def is_complete(self) -> bool:
        """Whether all shops have been read."""

    def all(self) -> list[Shop]:
        """List all shops."""


class Sink(Protocol):
    """Where webhooks go; each method returns once Kafka has the record, or raises `TransientError`."""

    async def take_product(self, change: ProductChange) -> None:
        """Publish a product change. Raises `TerminalError` when it is too large for a record."""

    async def take_rejected(self, rejected: Rejected) -> None:
        """Keep what could not be used."""


class StorefrontDoor:
    """Takes one shop system's webhooks."""

    def __init__(self, system: System, shops: Shops, sink: Sink, secrets: Secrets, read_body: ReadBody) -> None:
        """Take where shops and secrets are found and records go; *read_body* bounds what it reads."""
        self._system = system
        self._shops = shops
        self._sink = sink
        self._secrets = secrets
        self._read_body = read_body
        self._recent = RecentDeliveries()

    def routes(self) -> list[Route]:
        """List the endpoint."""
        return [Route(self._system.path, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """Check one webhook, and answer once Kafka has what it says."""
        body = await self._read_body(request)
        if self._system.is_ping(request.headers, body):
            return JSONResponse({"accepted": 0, "rejected": [], "outcome": "ping"})
        shop = self._authenticated(request.headers, body)
        delivery = self._system.delivery(shop, request.headers, body, _received_at(request.headers))
        try:
            outcome = await self._publish(delivery)
        except TerminalError as exc:
            await self._sink.take_rejected(delivery.rejected(exc, request.headers.get("content-type")))
            WEBHOOKS.labels(shop["shop_id"], "refused").inc()
            log.warning("webhook refused", shop=shop["shop_id"], reason=exc.reason, field=exc.field)
            refusal = {"index": 0, "reason": exc.reason, "field": exc.field}
            return JSONResponse({"accepted": 0, "rejected": [refusal]}, 400 if exc.reason == "bad_json" else 200)
        WEBHOOKS.labels(shop["shop_id"], outcome).inc()
        return JSONResponse({"accepted": int(outcome == "accepted"), "rejected": [], "outcome": outcome})

    def _authenticated(self, headers: Headers, body: bytes) -> Shop:
        """Find the shop. Whoever holds no secret learns nothing, not even which shops there are."""
        if not self._shops.is_complete:
            raise TransientError("the shops are not read yet")
        every = self._shops.all()
        claimed = [shop for shop in every if self._system.claims(shop, headers, body)]
        for shop in claimed:  # each by its own secrets: one shop's secret opens no other
            if self._is_signed_for([shop], headers, body):
                return shop
        if claimed or not self._is_signed_for(every, headers, body):
            UNAUTHENTIC.inc()
            raise TerminalError("bad_signature", self._system.signature_header)
        raise TerminalError("unknown_shop", "shop")

    def _is_signed_for(self, shops: Sequence[Shop], headers: Headers, body: bytes) -> bool:
        names = dict.fromkeys(name for shop in shops for name in self._system.secret_names(shop))
        return self._system.is_authentic(headers, body, self._secrets(list(names)))

    async def _publish(self, delivery: Delivery) -> str:
        if delivery in self._recent:
            return "duplicate"
        changes = await self._changes(delivery)
        for change in changes or ():
            await self._sink.take_product(change)
        self._recent.add(delivery)
        return "ignored" if changes is None else "accepted"

    async def _changes(self, delivery: Delivery) -> list[ProductChange] | None:
        try:
            return await self._system.changes(delivery)
        except TransientError as exc:
            if self._system.comes_again:
                raise
            raise TerminalError("not_fetched", "product", str(exc)) from None


def _received_at(headers: Headers) -> EpochMillis:
    """Say when a delivery came. No signature covers the header, so it is believed of the past only: it can but age."""
    now, first = time.time_ns() // 1_000_000, headers.get(FIRST_RECEIVED.lower(), "")
    return min(now, int(first)) if first.isdecimal() and len(first) == len(str(now)) else now
