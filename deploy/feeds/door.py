"""The door to feeds over HTTP, for the `api` process to mount.

    GET|HEAD /feeds/{shop}/{catalog}.xml|csv     with ?token=, as the password of HTTP Basic, or as a Bearer token

The token is in the variable that the catalog's `feed_token_env` names; the user name beside it is not looked at.
"""

import re
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import structlog
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from analytics.api.places import Place, Places
from connectors.meta.feed.writing import MEDIA_TYPES, Form, gzipped, pieces
from deploy.feeds.access import may_fetch
from deploy.feeds.contents import Feed, items, snapshot, tag_of
from deploy.feeds.followed import Followed
from deploy.feeds.tags import Tags
from schemas.errors import ConfigurationError, TransientError
from schemas.records import EpochMillis
from streams.rules.products_in_force import ShopProducts

PATH: Final = "/feeds/{shop}/{file}"
AT_ONCE: Final = 2
"""Feeds written at the same time; who comes then waits, and is told to come again if it takes too long."""
WAIT_SECONDS: Final = 30.0
_FORMS: Final[dict[str, Form]] = {"xml": "xml", "csv": "csv"}
_NO_GZIP: Final = re.compile(r";\s*q=0(\.0*)?\s*$")

log = structlog.get_logger()


class _Content(NamedTuple):
    feed: Feed
    form: Form
    taken: ShopProducts
    now: EpochMillis
    packed: bool

    def pieces(self) -> Iterator[bytes]:
        listed = items(self.taken, self.feed, self.now)
        plain = pieces(self.form, listed, self.feed.catalog, self.feed.shop)
        return gzipped(plain) if self.packed else plain


def routes(followed: Followed) -> list[Route]:
    """Make the route that answers with what *followed* knows."""
    return [Route(PATH, _Feeds(followed).answer, methods=["GET"], name="feed")]


class _Feeds:
    def __init__(self, followed: Followed) -> None:
        self._followed = followed
        self._places, self._tags = Places(AT_ONCE, WAIT_SECONDS), Tags()

    async def answer(self, request: Request) -> Response:
        try:
            wanted = await self._wanted(request)
            return wanted if isinstance(wanted, Response) else await self._found(request, *wanted)
        except TransientError:
            return JSONResponse({"error": "unavailable"}, 503, {"Retry-After": "10"})
        except ConfigurationError as exc:
            log.error("feeds cannot be served", problem=str(exc))
            return JSONResponse({"error": "unavailable"}, 503)

    async def _wanted(self, request: Request) -> tuple[Feed, Form] | Response:
        """Find the catalog that is asked for, and see whether it may be."""
        name, _, ending = request.path_params["file"].rpartition(".")
        shop = (await self._followed.shops()).get(request.path_params["shop"])
        catalog = next((each for each in shop["catalogs"] if each["name"] == name), None) if shop else None
        if shop is None or catalog is None or not catalog["feed_token_env"] or ending not in _FORMS:
            return JSONResponse({"error": "not_found"}, 404)
        if not may_fetch(request, catalog):
            return JSONResponse({"error": "unauthorized"}, 401, {"WWW-Authenticate": 'Basic realm="feed"'})
        return Feed(shop, catalog, await self._followed.codec()), _FORMS[ending]

    async def _found(self, request: Request, feed: Feed, form: Form) -> Response:
        products, place = await self._followed.products(), await self._places.take()
        try:
            shop_id = feed.shop["shop_id"]
            revision, taken = self._followed.revisions[shop_id], snapshot(products.in_force.of(shop_id))
            if not taken.products:
                raise TransientError("no product of the shop is known: an empty file would delete all at Meta")
            content = _Content(feed, form, taken, now_ms(), _takes_gzip(request))
            digested = await run_in_threadpool(self._tags.digested, feed, revision, taken)
            tag = f"{tag_of(digested, feed, content.now)}-{form}"
            headers = _headers(content, tag)
            if _has(request, tag):
                return _empty(place, headers, status=304)
            if request.method == "HEAD":
                return _empty(place, headers, status=200)
            return _Streamed(content, place, headers)
        except BaseException:
            place.free()
            raise


def now_ms() -> EpochMillis:
    """Tell the time."""
    return int(time.time() * 1000)


def _empty(place: Place, headers: dict[str, str], *, status: int) -> Response:
    place.free()
    answer = Response(status_code=status, headers=headers)
    if status == 200 and "content-length" in answer.headers:  # of a HEAD: it is not known without writing all
        del answer.headers["content-length"]
    return answer


class _Streamed(StreamingResponse):
    """Frees its place when it is through, also where the client went before it began."""

    def __init__(self, content: _Content, place: Place, headers: dict[str, str]) -> None:
        super().__init__(iterate_in_threadpool(content.pieces()), headers=headers)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._place.free()


def _headers(content: _Content, tag: str) -> dict[str, str]:
    named = f'"{tag}-gzip"' if content.packed else f'"{tag}"'
    headers = {
        "Content-Type": MEDIA_TYPES[content.form],
        "ETag": named,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Authorization",
    }
    return headers | ({"Content-Encoding": "gzip"} if content.packed else {})


def _has(request: Request, tag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or any(
        each.strip().removeprefix("W/").strip('"').removesuffix("-gzip") == tag for each in known.split(",")
    )


def _takes_gzip(request: Request) -> bool:
    offered = request.headers.get("accept-encoding", "").lower().split(",")
    return any(each.partition(";")[0].strip() == "gzip" and not _NO_GZIP.search(each) for each in offered)
