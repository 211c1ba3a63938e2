"""The webhook endpoint: a request comes in, its signature is checked, an order or product change goes to Kafka.

Shopify deletes a subscription that fails often, so whatever is authentic is answered 200 once Kafka has it: topics
we do not take are counted, and bodies we cannot use are kept on `records.rejected`, for resending them cannot help.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.shopify import refunds
from connectors.shopify.deliveries import Delivery
from connectors.shopify.inventory import to_disconnection, to_inventory_change
from connectors.shopify.orders import to_order
from connectors.shopify.products import to_product_change, to_product_deletion
from connectors.shopify.signatures import header, is_signed
from connectors.shopify.thin import ThinTopics
from connectors.shopify.values import moment
from connectors.storefronts.metrics import UNAUTHENTIC, WEBHOOKS
from schemas.errors import TerminalError, TransientError
from schemas.identifiers import rejection_id
from schemas.records import OrderReceived, ProductChange, Rejected, Shop

PATH: Final = "/v1/webhooks/shopify"
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of a body; a product may have 2,048 variants."""
KEPT_BYTES: Final = 1_048_576

_PRODUCTS: Final[dict[str, Callable[[Any, Delivery], ProductChange]]] = {
    "products/create": to_product_change,
    "products/update": to_product_change,
    "products/delete": to_product_deletion,
    "inventory_levels/update": to_inventory_change,
    "inventory_levels/connect": to_inventory_change,
    "inventory_levels/disconnect": to_disconnection,
}
_ORDERS: Final = frozenset(
    f"orders/{change}" for change in ("create", "paid", "updated", "cancelled", "fulfilled", "partially_fulfilled")
)

log = structlog.get_logger()


class Shops(Protocol):
    """The shops configured."""

    @property
    def is_complete(self) -> bool:
        """Whether all shops have been read."""

    def with_domain(self, domain: str) -> Shop | None:
        """Find a shop by its myshopify domain."""

    def all(self) -> list[Shop]:
        """List all shops."""


class Sink(Protocol):
    """Where webhooks go; each method returns once Kafka has the record, or raises `TransientError`."""

    async def take_order(self, order: OrderReceived) -> None:
        """Publish an order."""

    async def take_product(self, change: ProductChange) -> None:
        """Publish a product change. Raises `TerminalError` when it is too large for a record."""

    async def take_rejected(self, rejected: Rejected) -> None:
        """Keep what could not be used."""


Secrets = Callable[[Sequence[str]], list[bytes]]
"""The secrets in the environment variables of these names."""
ReadBody = Callable[[Request], Awaitable[bytes]]


class WebhookDoor:
    """Takes Shopify's webhooks."""

    def __init__(self, shops: Shops, sink: Sink, secrets: Secrets, read_body: ReadBody, thin: ThinTopics) -> None:
        """Take where shops and secrets are found and records go; *read_body* bounds what it reads."""
        self._shops = shops
        self._sink = sink
        self._secrets = secrets
        self._read_body = read_body
        self._thin = thin

    def routes(self) -> list[Route]:
        """List the endpoint."""
        return [Route(PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """Check one webhook, and answer once Kafka has what it says."""
        body = await self._read_body(request)
        shop = self._authenticated(request, body)
        delivery = _delivery(request, shop, body)
        try:
            outcome = await self._publish(_parsed(body), delivery)
        except TerminalError as exc:
            await self._sink.take_rejected(_rejected(body, exc, delivery, request.headers.get("content-type")))
            WEBHOOKS.labels(shop["shop_id"], "refused").inc()
            log.warning("webhook refused", shop=shop["shop_id"], reason=exc.reason, field=exc.field)
            refusal = {"index": 0, "reason": exc.reason, "field": exc.field}
            return JSONResponse({"accepted": 0, "rejected": [refusal]}, 400 if exc.reason == "bad_json" else 200)
        WEBHOOKS.labels(shop["shop_id"], outcome).inc()
        return JSONResponse({"accepted": int(outcome == "accepted"), "rejected": [], "outcome": outcome})

    def _authenticated(self, request: Request, body: bytes) -> Shop:
        """Find the shop. Whoever holds no secret learns nothing, not even which shops there are."""
        if not self._shops.is_complete:
            raise TransientError("the shops are not read yet")
        signature = header(request.headers, "hmac-sha256") or ""
        shop = self._shops.with_domain(header(request.headers, "shop-domain") or "")
        known = [shop] if shop is not None else self._shops.all()
        names = dict.fromkeys(name for each in known for name in each["webhook_secret_envs"])
        if not is_signed(body, signature, self._secrets(list(names))):
            UNAUTHENTIC.inc()
            raise TerminalError("bad_signature", "x-shopify-hmac-sha256")
        if shop is None:
            raise TerminalError("unknown_shop", "x-shopify-shop-domain")
        return shop

    async def _publish(self, value: Any, delivery: Delivery) -> str:
        if delivery.topic in _ORDERS:
            await self._sink.take_order(to_order(value, delivery))
        elif delivery.topic == refunds.TOPIC:
            await self._sink.take_order(refunds.to_refund(value, delivery))
        elif to_change := _PRODUCTS.get(delivery.topic):
            change = await self._thin.completed(to_change(value, delivery), delivery)
            await self._sink.take_product(change)
        elif self._thin.takes(delivery):
            return await self._thin.publish(value, delivery, self._sink.take_product)
        else:
            return "ignored"
        return "accepted"


def _delivery(request: Request, shop: Shop, body: bytes) -> Delivery:
    headers = request.headers
    return Delivery(
        shop=shop,
        topic=(header(headers, "topic") or "").lower(),
        delivery_id=(header(headers, "webhook-id") or sha256(body).hexdigest())[:255],
        triggered_at=moment(header(headers, "triggered-at")),
        received_at=time.time_ns() // 1_000_000,
    )


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise TerminalError("bad_json", "body") from None


def _rejected(body: bytes, why: TerminalError, delivery: Delivery, content_type: str | None) -> Rejected:
    shop_id, digest = delivery.shop["shop_id"], sha256(body).hexdigest()
    return Rejected(
        rejection_id=rejection_id("ingest", shop_id, digest, delivery.delivery_id, why.field),
        shop_id=shop_id,
        stage="ingest",
        reason=why.reason,
        field=why.field or None,
        detail="; ".join(part for part in (f"webhook {delivery.topic[:64]}", why.detail) if part),
        payload=body[:KEPT_BYTES],
        content_type=content_type,
        topic=None,
        partition=None,
        offset=None,
        received_at=delivery.received_at,
    )
