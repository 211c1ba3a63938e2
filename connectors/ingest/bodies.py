"""A request's body, whole and bounded: in pieces, of a stated length or of none, plain or gzipped."""

import asyncio
import zlib
from typing import Final

from starlette.requests import Request

from schemas.errors import TerminalError

SECONDS: Final = 20.0
"""Longest wait for a whole body."""


class SlowBody(Exception):
    """The body did not arrive in SECONDS."""


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Read the body, and undo gzip.

    Raises:
        TerminalError: `too_large` over *max_bytes*, before or after gzip; `bad_value` for another encoding or bad gzip.
        SlowBody: it did not arrive in time.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated[:20]) > max_bytes:
        raise TerminalError("too_large", "body", f"more than {max_bytes} bytes")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise TerminalError("bad_value", "content-encoding", "identity or gzip")
    try:
        async with asyncio.timeout(SECONDS):
            body = await _gathered(request, max_bytes)
    except TimeoutError:
        raise SlowBody from None
    return _inflated(body, max_bytes) if encoding == "gzip" else body


async def _gathered(request: Request, max_bytes: int) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > max_bytes:
            raise TerminalError("too_large", "body", f"more than {max_bytes} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _inflated(body: bytes, max_bytes: int) -> bytes:
    inflating = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflating.decompress(body, max_bytes + 1)
    except zlib.error:
        raise TerminalError("bad_value", "body", "no gzip") from None
    if len(plain) > max_bytes:
        raise TerminalError("too_large", "body", f"more than {max_bytes} bytes inflated")
    if not inflating.eof:
        raise TerminalError("bad_value", "body", "gzip is cut off")
    if inflating.unused_data:
        raise TerminalError("bad_value", "body", "something follows the gzip")
    return plain
