"""Rows into a table: an INSERT and its rows come in, the engine's count of what it wrote goes out."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.servers.clickhouse.engine import Handle
from deploy.servers.clickhouse.errors import refusal
from deploy.servers.clickhouse.request import Rows
from deploy.servers.clickhouse.statements import from_file
from deploy.servers.clickhouse.streams import PIECE_BYTES


def insert_rows(handle: Handle, sql: str, rows: Rows, bound: Mapping[str, str], folder: Path | None = None) -> Any:
    """Have the engine read *rows* from a file without a name in *folder*; all of them are inserted, or none.

    *folder*: where there is room for them; the system's own for what is small.

    Not by the engine's own `send_insert`: it calls an insert done whose rows could be read and then not be written, for
    want of disk or memory, by a constraint, or for too many partitions.

    Raises: `QueryError`.
    """
    handle.set({f"param_{name}": value for name, value in bound.items()})
    with _kept(rows, folder) as path:
        return handle.query(f"{from_file(sql, path)}\nFORMAT {rows.format}")


@contextmanager
def _kept(rows: Rows, folder: Path | None) -> Iterator[str]:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            piece = rows.begun or rows.rest.read(PIECE_BYTES)
            while piece:
                file.write(piece)
                piece = rows.rest.read(PIECE_BYTES)
            file.seek(0)
            yield f"/dev/fd/{file.fileno()}"
    except OSError as exc:
        raise refusal("NOT_ENOUGH_SPACE", f"The rows cannot be kept: {exc.strerror}.") from None


def summary_of(result: Any, began: int, size: int) -> dict[str, str]:
    """Count what *result* read and wrote since *began*, in the words of X-ClickHouse-Summary."""
    return {
        "read_rows": str(result.storage_rows_read()),
        "read_bytes": str(result.storage_bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "total_rows_to_read": "0",
        "result_rows": str(result.rows_read()),
        "result_bytes": str(size),
        "elapsed_ns": str(time.monotonic_ns() - began),
    }
