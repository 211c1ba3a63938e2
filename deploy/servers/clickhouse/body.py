"""The body of a request: pieces from the network come in, a file to read from the start goes out.

It is taken in whole before the engine sees it, in memory up to 8 MiB and on disk beyond: so a client that dies half-way
inserts nothing, and a slow one holds no writer.
"""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Final

from deploy.servers.clickhouse.codecs import Decoder
from deploy.servers.clickhouse.errors import refusal

IN_MEMORY_BYTES: Final = 8 * 2**20
DEFAULT_MAX_BODY_BYTES: Final = 2 * 2**30


async def read_body(
    pieces: AsyncIterator[bytes], decoders: list[Decoder], *, folder: Path, max_bytes: int = DEFAULT_MAX_BODY_BYTES
) -> IO[bytes]:
    """Gather *pieces*, decoded by each of *decoders* in turn.

    Raises: `QueryError` CANNOT_DECOMPRESS, or QUERY_IS_TOO_LARGE beyond *max_bytes* of plain bytes.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115 - the caller's
    size = 0
    try:
        async for piece in pieces:
            plain = piece
            for decoder in decoders:
                plain = decoder.decompress(plain)
            size += len(plain)
            if size > max_bytes:
                raise refusal("QUERY_IS_TOO_LARGE", f"The body is larger than {max_bytes} bytes.")
            file.write(plain)
        for decoder in decoders:
            decoder.finish()
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
