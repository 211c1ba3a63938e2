"""Compression of bodies by HTTP's own header: names of codings come in, coders of one body go out."""

import zlib
from collections.abc import Callable
from typing import Final, Protocol

import lz4.frame
import zstandard

from deploy.servers.clickhouse.errors import refusal


class Decoder(Protocol):
    """Turns coded bytes into plain ones, piece by piece."""

    def decompress(self, piece: bytes) -> bytes:
        """Return what *piece* adds. Raises: `QueryError` CANNOT_DECOMPRESS."""

    def finish(self) -> None:
        """Raise `QueryError` CANNOT_DECOMPRESS if the body ended in the middle."""


class Encoder(Protocol):
    """Turns plain bytes into coded ones, piece by piece."""

    def compress(self, piece: bytes) -> bytes:
        """Return what *piece* adds; may be nothing yet."""

    def flush(self) -> bytes:
        """Return the end of the body."""


class FramesDecoder:
    """Reads one stream after another until the body ends, as clients write a stream for every block."""

    def __init__(self, new: Callable[[], "zlib._Decompress | lz4.frame.LZ4FrameDecompressor"]) -> None:
        self._new = new
        self._current = new()
        self._begun = False

    def decompress(self, piece: bytes) -> bytes:
        """Return what *piece* adds."""
        plain = []
        while piece:
            if self._current.eof:
                self._current = self._new()
            self._begun = True
            try:
                plain.append(self._current.decompress(piece))
            except (zlib.error, RuntimeError, EOFError, zstandard.ZstdError):
                raise refusal("CANNOT_DECOMPRESS", "The body is not what Content-Encoding says.") from None
            piece = (self._current.unused_data or b"") if self._current.eof else b""
        return b"".join(plain)

    def finish(self) -> None:
        """Raise if the body ended in the middle of a stream."""
        if self._begun and not self._current.eof:
            raise refusal("CANNOT_DECOMPRESS", "The compressed body ends in the middle.")


class _Lz4Encoder:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, piece: bytes) -> bytes:
        begin = b"" if self._begun else self._frame.begin()
        self._begun = True
        return bytes(begin + self._frame.compress(piece))

    def flush(self) -> bytes:
        begin = b"" if self._begun else self._frame.begin()
        return bytes(begin + self._frame.flush())


# zlib's 47 reads gzip and zlib alike; levels are low because the reader is on the same machine.
_DECODERS: Final[dict[str, Callable[[], Decoder]]] = {
    "gzip": lambda: FramesDecoder(lambda: zlib.decompressobj(47)),
    "deflate": lambda: FramesDecoder(lambda: zlib.decompressobj(47)),
    "lz4": lambda: FramesDecoder(lz4.frame.LZ4FrameDecompressor),
    "zstd": lambda: FramesDecoder(lambda: zstandard.ZstdDecompressor().decompressobj()),
}
_ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    "lz4": _Lz4Encoder,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, 31),
    "deflate": lambda: zlib.compressobj(1),
}


def decoder_for(coding: str) -> Decoder | None:
    """Return a decoder for Content-Encoding *coding*, None for none.

    Raises: `QueryError` UNKNOWN_COMPRESSION_METHOD, for `br` too.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding not in _DECODERS:
        raise refusal("UNKNOWN_COMPRESSION_METHOD", f"Content-Encoding is not supported, only {', '.join(_DECODERS)}")
    return _DECODERS[coding]()


def encoder_for(accepted: str) -> tuple[str, Encoder] | None:
    """Choose by Accept-Encoding *accepted*, in our order of preference: fastest first."""
    names = {part.partition(";")[0].strip().lower() for part in accepted.split(",") if not part.endswith("q=0")}
    for name, new in _ENCODERS.items():
        if name in names:
            return name, new()
    return None
