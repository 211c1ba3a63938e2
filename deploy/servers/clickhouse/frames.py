"""ClickHouse's own compressed framing (`compress=1`, `decompress=1`), which JDBC drivers use.

A block is: 16 bytes checksum, 1 byte method, 4 bytes size with these nine, 4 bytes plain size, then the coded bytes.
https://github.com/ClickHouse/ClickHouse/blob/master/src/Compression/ICompressionCodec.cpp
"""

import struct
from typing import Final

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from deploy.servers.clickhouse.errors import refusal

BLOCK_BYTES: Final = 2**20
_MAX_BLOCK_BYTES: Final = 2**30
_CHECKSUM_BYTES: Final = 16
_HEAD: Final = struct.Struct("<BII")
_LZ4: Final = 0x82
_ZSTD: Final = 0x90
_NONE: Final = 0x02


class BlockEncoder:
    """Writes plain bytes as LZ4 blocks."""

    def compress(self, piece: bytes) -> bytes:
        """Return *piece* as blocks."""
        return b"".join(_block(piece[at : at + BLOCK_BYTES]) for at in range(0, len(piece), BLOCK_BYTES))

    def flush(self) -> bytes:
        """Return nothing: the last block is the end."""
        return b""


class BlockDecoder:
    """Reads blocks of LZ4, ZSTD or plain bytes."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def decompress(self, piece: bytes) -> bytes:
        """Return what the blocks that end in *piece* hold.

        Raises: `QueryError` CHECKSUM_DOESNT_MATCH, UNKNOWN_COMPRESSION_METHOD, CANNOT_DECOMPRESS.
        """
        self._waiting += piece
        plain = []
        while len(self._waiting) >= _CHECKSUM_BYTES + _HEAD.size:
            method, size, plain_size = _HEAD.unpack_from(self._waiting, _CHECKSUM_BYTES)
            if not _HEAD.size <= size <= _MAX_BLOCK_BYTES or plain_size > _MAX_BLOCK_BYTES:
                raise refusal("CANNOT_DECOMPRESS", "A block has an impossible size.")
            if len(self._waiting) < _CHECKSUM_BYTES + size:
                break
            block = bytes(self._waiting[: _CHECKSUM_BYTES + size])
            del self._waiting[: len(block)]
            plain.append(_plain(block, method, plain_size))
        return b"".join(plain)

    def finish(self) -> None:
        """Raise if a block was not complete."""
        if self._waiting:
            raise refusal("CANNOT_DECOMPRESS", "The compressed body ends in the middle.")


def _block(plain: bytes) -> bytes:
    coded = bytes(lz4.block.compress(plain, store_size=False))
    body = _HEAD.pack(_LZ4, _HEAD.size + len(coded), len(plain)) + coded
    return _checksum(body) + body


def _plain(block: bytes, method: int, plain_size: int) -> bytes:
    body = block[_CHECKSUM_BYTES:]
    if _checksum(body) != block[:_CHECKSUM_BYTES]:
        raise refusal("CHECKSUM_DOESNT_MATCH", "The checksum of a block doesn't match: corrupted data.")
    coded = body[_HEAD.size :]
    try:
        if method == _LZ4:
            return bytes(lz4.block.decompress(coded, uncompressed_size=plain_size))
        if method == _ZSTD:
            return bytes(zstandard.ZstdDecompressor().decompress(coded, max_output_size=plain_size))
    except (lz4.block.LZ4BlockError, zstandard.ZstdError):
        raise refusal("CANNOT_DECOMPRESS", "A block cannot be decompressed.") from None
    if method == _NONE:
        return bytes(coded)
    raise refusal("UNKNOWN_COMPRESSION_METHOD", "A block is neither LZ4, ZSTD nor plain.")


def _checksum(body: bytes) -> bytes:
    value = int(CityHash128(body))
    return struct.pack("<QQ", value >> 64, value & (2**64 - 1))
