"""The pixel's endpoints: events posted, events in a GIF's query, and the pixel's own script."""

import time
from pathlib import Path
from typing import Final

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.ingest import answers, images, metrics, rejections
from connectors.ingest.batches import to_events
from connectors.ingest.bodies import read_body
from connectors.ingest.door import Shops, Sink
from connectors.ingest.mapping import Visit
from connectors.ingest.origins import client_ip, country
from connectors.ingest.rejections import Origin
from schemas.errors import TerminalError, TransientError
from schemas.records import Event, Rejected, Shop
from schemas.settings import IngestSettings

SCRIPT: Final = Path(__file__).with_name("pixel.js")

log = structlog.get_logger()


class PixelDoor:
    """Takes what pixels send, and answers only once Kafka has it."""

    def __init__(self, shops: Shops, sink: Sink, settings: IngestSettings) -> None:
        """Take where shops are found and records go; connects to nothing."""
        self._shops = shops
        self._sink = sink
        self._settings = settings
        self._script = SCRIPT.read_bytes()

    def routes(self) -> list[Route]:
        """List the endpoints; each also answers a browser's preflight."""
        return [
            Route("/v1/pixel.js", self.script, methods=["GET"]),
            Route("/v1/pixel/{write_key}.gif", self.image, methods=["GET"]),
            Route("/v1/pixel/{write_key}", self.receive, methods=["POST"]),
        ]

    async def script(self, request: Request) -> Response:
        """Give the pixel's script."""
        headers = {"cache-control": "public, max-age=300", **answers.CORS}
        return Response(self._script, media_type="text/javascript", headers=headers)

    async def receive(self, request: Request) -> Response:
        """Take an event, a wrapper, or an array of either."""
        body = await read_body(request, max_bytes=self._settings.max_body_bytes)
        received_at = _now()
        content_type = request.headers.get("content-type")
        try:
            shop = self._shop(request)
            visit = self._visit(request, shop, received_at, "pixel")
            events, refusals = to_events(body, visit, max_events=self._settings.max_events)
        except TerminalError as exc:
            origin = Origin(self._shop_id(request), content_type, received_at)
            await self._refuse([rejections.of_body(body, exc, origin)])
            raise
        origin = Origin(shop["shop_id"], content_type, received_at)
        await self._take(events, rejections.of_events(body, refusals, origin))
        return answers.accepted(len(events), refusals)

    async def image(self, request: Request) -> Response:
        """Take one event from the query, and give a transparent pixel; HEAD tells of none."""
        if request.method == "HEAD":
            return _a_pixel()
        query: bytes = request.scope["query_string"]
        received_at = _now()
        shop = self._shop(request)
        try:
            wrapper = images.to_wrapper(query, shop_id=shop["shop_id"], received_at=received_at)
            visit = self._visit(request, shop, received_at, "gif")
            events, refusals = to_events(orjson.dumps(wrapper), visit, max_events=1)
            if refusals:
                (first,) = refusals
                raise TerminalError(first.reason, images.parameter_of(first.field))
        except TerminalError as exc:
            origin = Origin(shop["shop_id"], "application/x-www-form-urlencoded", received_at)
            await self._refuse([rejections.of_body(query, exc, origin)])
            raise
        await self._take(events, [])
        return _a_pixel()

    def _shop(self, request: Request) -> Shop:
        shop = self._shops.with_write_key(request.path_params["write_key"])
        if shop is not None:
            return shop
        if not self._shops.is_complete:
            raise TransientError("the shops are not read yet")
        raise TerminalError("unknown_shop", "write_key")

    def _shop_id(self, request: Request) -> str:
        shop = self._shops.with_write_key(request.path_params["write_key"])
        return shop["shop_id"] if shop else ""

    def _visit(self, request: Request, shop: Shop, received_at: int, source: str) -> Visit:
        proxies, headers = self._settings.trusted_proxies, request.headers
        peer = request.client.host if request.client else None
        forwarded_for = headers.getlist("x-forwarded-for") if proxies else []
        return Visit(
            shop=shop,
            received_at=received_at,
            source=source,
            client_ip=client_ip(peer, forwarded_for, trusted_proxies=proxies),
            user_agent=headers.get("user-agent"),
            country=country(headers, trusted_proxies=proxies),
        )

    async def _take(self, events: list[Event], rejected: list[Rejected]) -> None:
        await self._sink.take(events, rejected)
        if events:
            metrics.note_accepted(events[0]["shop_id"], events[0]["source"], len(events))
        self._note(rejected)

    async def _refuse(self, rejected: list[Rejected]) -> None:
        await self._sink.take([], rejected)
        self._note(rejected)

    def _note(self, rejected: list[Rejected]) -> None:
        for each in rejected:
            metrics.EVENTS_REFUSED.labels(each["shop_id"], each["reason"]).inc()
        if rejected:
            reasons = sorted({each["reason"] for each in rejected})
            log.info("events refused", shop=rejected[0]["shop_id"], count=len(rejected), reasons=reasons)


def _a_pixel() -> Response:
    headers = {"cache-control": "no-store, max-age=0", **answers.CORS}
    return Response(images.PIXEL, media_type="image/gif", headers=headers)


def _now() -> int:
    return time.time_ns() // 1_000_000
