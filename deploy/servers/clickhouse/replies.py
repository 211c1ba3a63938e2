"""What goes back: an `Answer` or a `QueryError` comes in, an HTTP response as ClickHouse writes it goes out."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deploy.servers.clickhouse.codecs import Encoder, encoder_for
from deploy.servers.clickhouse.errors import QueryError
from deploy.servers.clickhouse.execution import Answer
from deploy.servers.clickhouse.frames import BlockEncoder
from deploy.servers.clickhouse.parameters import Parameters

_TEXT: Final = "text/plain; charset=UTF-8"
_CONTENT_TYPES: Final = (
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("CSV", "text/csv; charset=UTF-8; header={header}"),
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("XML", "application/xml; charset=UTF-8"),
    ("Native", "application/octet-stream"),
    ("RowBinary", "application/octet-stream"),
    ("Parquet", "application/octet-stream"),
    ("Arrow", "application/octet-stream"),
    ("ORC", "application/octet-stream"),
    ("Avro", "application/octet-stream"),
)


@dataclass(frozen=True)
class Coding:
    """How a body is coded: the Content-Encoding, if it has one, and who does it."""

    name: str | None
    encoder: Encoder


def content_type(format_name: str | None) -> str:
    """Return the Content-Type of a result in *format_name*."""
    for prefix, kind in _CONTENT_TYPES:
        if format_name is not None and format_name.startswith(prefix):
            return kind.format(header="present" if "WithNames" in format_name else "absent")
    return _TEXT


def failure(error: QueryError, headers: dict[str, str], version: str) -> Response:
    """Answer with *error*."""
    text = error.text if "(version " in error.text else f"{error.text} (version {version})"
    headers = headers | {"X-ClickHouse-Exception-Code": str(error.code)}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ClickHouse HTTP API"'
    return Response(f"{text}\n", status_code=error.status, headers=headers, media_type=_TEXT)


def whole(body: bytes, headers: dict[str, str], coding: Coding | None) -> Response:
    """Answer with all of a result."""
    if coding is not None and body:
        body = coding.encoder.compress(body) + coding.encoder.flush()
        if coding.name:
            headers = headers | {"Content-Encoding": coding.name}
    return Response(body, headers=headers)


def coding_for(accepted: str, parameters: Parameters) -> Coding | None:
    """Choose how the body is coded: ClickHouse's own blocks if asked for, else by Accept-Encoding *accepted*."""
    if parameters.flag("compress"):
        return Coding(None, BlockEncoder())
    if not parameters.flag("enable_http_compression", default="1"):
        return None
    chosen = encoder_for(accepted)
    return Coding(*chosen) if chosen else None


def result_headers(answer: Answer, parameters: Parameters) -> dict[str, str]:
    """Describe *answer* as ClickHouse does."""
    headers = {"Content-Type": content_type(answer.format)}
    if answer.format is not None:
        headers["X-ClickHouse-Format"] = answer.format
    if answer.summary:
        headers["X-ClickHouse-Summary"] = orjson.dumps(answer.summary).decode()
    if parameters.settings.get("session_timezone"):
        headers["X-ClickHouse-Timezone"] = parameters.settings["session_timezone"]
    return headers


class PiecewiseResponse(Response):
    """Answers with a result piece by piece.

    An error after the first piece is told as ClickHouse 25.11 does, in a block marked by
    X-ClickHouse-Exception-Tag, and the body is left without its end, so that no client takes it for complete.
    """

    def __init__(self, pieces: AsyncGenerator[bytes, None], headers: dict[str, str], *, coding: Coding | None) -> None:
        self._pieces = pieces
        self._coding = coding
        self._tag = secrets.token_hex(8)
        super().__init__(None, headers=headers | {"X-ClickHouse-Exception-Tag": self._tag})
        del self.headers["content-length"]
        if coding is not None and coding.name:
            self.headers["Content-Encoding"] = coding.name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    coded = self._code(piece)
                    if coded:
                        await send({"type": "http.response.body", "body": coded, "more_body": True})
        except QueryError as exc:
            last = self._code(_exception_block(exc, self._tag)) + self._end()
            await send({"type": "http.response.body", "body": last, "more_body": True})
            return
        await send({"type": "http.response.body", "body": self._end(), "more_body": False})

    def _code(self, piece: bytes) -> bytes:
        return piece if self._coding is None else self._coding.encoder.compress(piece)

    def _end(self) -> bytes:
        return b"" if self._coding is None else self._coding.encoder.flush()


def _exception_block(error: QueryError, tag: str) -> bytes:
    message = f"{error.text}\n".encode()
    return b"\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n" % (
        tag.encode(),
        message,
        len(message),
        tag.encode(),
    )
