"""Requests about one of a shop's catalogs: items in batches, how a batch stands, what Meta has, its feeds.

Never raises for what Meta or the net does. The token is read from the environment at each request and is only in the
`Authorization` header.
https://developers.facebook.com/docs/marketing-api/catalog-batch
"""

import logging
import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx
import orjson

from connectors.meta.catalog.answers import Page, Progress, Taken, read_page, read_progress, read_taken
from connectors.meta.catalog.batches import to_body
from connectors.meta.catalog.quota import Usage, usage_of
from connectors.meta.failures import Failure, read_object
from schemas.catalog_records import Catalog
from schemas.settings import MetaSettings

CONNECT_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 60.0
"""A batch may have 28 MB, and Meta reads it whole before it answers."""

# It logs a line for every request.
logging.getLogger("httpx").setLevel(logging.WARNING)

Answer = tuple[dict[str, Any], Usage]


class CatalogClient:
    """Speaks about catalogs. One for all catalogs of a process; close it, or use it as a context."""

    def __init__(self, meta: MetaSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take where Meta is; *transport* is for tests."""
        self._version = meta.graph_version
        read = max(meta.timeout_seconds, WRITE_SECONDS)
        self._http = httpx.AsyncClient(
            base_url=meta.graph_url,
            timeout=httpx.Timeout(read, connect=min(CONNECT_SECONDS, meta.timeout_seconds)),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30.0),
            transport=transport,
            http1=True,
            http2=False,
            headers={"User-Agent": "storestream"},
        )

    async def send_items(self, catalog: Catalog, records: Sequence[bytes]) -> Taken | Failure:
        """Send one batch of *records*, each the JSON of one request of `items_batch`."""
        answer = await self.post(catalog, f"{catalog['catalog_id']}/items_batch", to_body(records))
        return answer if isinstance(answer, Failure) else read_taken(*answer)

    async def batch_status(self, catalog: Catalog, handle: str) -> Progress | Failure:
        """Ask where the batch *handle* stands; a handle that Meta does not know is a `permanent` failure."""
        query = {"handle": handle, "load_ids_of_invalid_requests": "true", "error_priority": "LOW"}
        answer = await self.get(catalog, f"{catalog['catalog_id']}/check_batch_request_status", query)
        if isinstance(answer, Failure):
            return answer
        return read_progress(*answer) or Failure("permanent", 200, detail="unknown handle")

    async def products(
        self, catalog: Catalog, fields: Sequence[str], *, limit: int, after: str | None = None
    ) -> Page | Failure:
        """List items as Meta has them, *limit* at most, from the cursor *after* on; `retailer_id` is our item id."""
        query = {"fields": ",".join(fields), "limit": str(limit)} | ({"after": after} if after else {})
        return await self.page(catalog, f"{catalog['catalog_id']}/products", query)

    async def page(self, catalog: Catalog, path: str, query: Mapping[str, str]) -> Page | Failure:
        """Read one page of the edge *path*."""
        answer = await self.get(catalog, path, query)
        return answer if isinstance(answer, Failure) else read_page(*answer)

    async def get(self, catalog: Catalog, path: str, query: Mapping[str, str]) -> Answer | Failure:
        """Read *path*."""
        return await self._ask(catalog, "GET", path, params=dict(query))

    async def post(self, catalog: Catalog, path: str, body: bytes | Mapping[str, Any]) -> Answer | Failure:
        """Write to *path*: JSON, written already or not."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self._ask(catalog, "POST", path, content=content)

    async def _ask(self, catalog: Catalog, method: str, path: str, **parts: Any) -> Answer | Failure:
        token = os.environ.get(catalog["token_env"], "")
        if not token:
            return Failure("token", detail="token not set")
        if not token.isascii() or not token.isprintable():
            return Failure("token", detail="token unreadable")
        headers = {"Authorization": f"Bearer {token}"} | (
            {"Content-Type": "application/json"} if "content" in parts else {}
        )
        try:
            answer = await self._http.request(method, f"/{self._version}/{path}", headers=headers, **parts)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return Failure("transient", detail=type(exc).__name__)
        read = read_object(answer.status_code, answer.headers, answer.content)
        return read if isinstance(read, Failure) else (read, usage_of(answer.headers))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
