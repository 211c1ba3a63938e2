"""One request to the Conversions API: a destination and the events' JSON in, Meta's answer out.

HTTP/1.1 with connections kept open. The token is read from the environment at each request and is only in the
`Authorization` header, so that no URL, log or error can hold it.
https://developers.facebook.com/documentation/ads-commerce/conversions-api/using-the-api
"""

import logging
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx
import orjson
import structlog

from connectors.meta.failures import Accepted, Failure, read_answer
from schemas.records import Destination
from schemas.settings import MetaSettings

CONNECT_SECONDS = 5.0

log = structlog.get_logger()

# It logs a line for every request.
logging.getLogger("httpx").setLevel(logging.WARNING)


class MetaClient:
    """Sends batches. One for all destinations of a process; close it, or use it as a context."""

    def __init__(self, meta: MetaSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take where Meta is; *transport* is for tests."""
        self._version = meta.graph_version
        self._http = httpx.AsyncClient(
            base_url=meta.graph_url,
            timeout=httpx.Timeout(meta.timeout_seconds, connect=min(CONNECT_SECONDS, meta.timeout_seconds)),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30.0),
            transport=transport,
            http1=True,
            http2=False,
            headers={"User-Agent": "storestream", "Content-Type": "application/json"},
        )

    async def send(self, destination: Destination, events: Sequence[bytes]) -> Accepted | Failure:
        """Send one batch of *events*, each the JSON of a `Conversion`. Never raises for what Meta or the net does.

        A timeout or a broken connection is `transient`: Meta may have taken the events, and takes their ids only once.
        """
        token = os.environ.get(destination["token_env"], "")
        if not token:
            return Failure("token", detail=f"{destination['token_env']} is not set")
        if not token.isascii() or not token.isprintable():
            return Failure("token", detail=f"{destination['token_env']} has what no token has")
        path = f"/{self._version}/{destination['pixel_id']}/events"
        body = to_body(events, destination["test_event_code"])
        try:
            answer = await self._http.post(path, content=body, headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return Failure("transient", detail=type(exc).__name__)
        read = read_answer(answer.status_code, answer.headers, answer.content)
        if isinstance(read, Accepted) and read.messages:  # their texts may quote what was sent
            log.warning("meta remarked", pixel=destination["pixel_id"], messages=read.messages, trace_id=read.trace_id)
        return read

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def to_body(events: Sequence[bytes], test_event_code: str | None) -> bytes:
    """Join the *events* into a request's JSON; with *test_event_code* they show in Meta's test console, and count."""
    data = b'{"data":[' + b",".join(events) + b"]"
    return data + (b',"test_event_code":' + orjson.dumps(test_event_code) if test_event_code else b"") + b"}"
