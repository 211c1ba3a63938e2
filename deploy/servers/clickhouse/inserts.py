"""Rows into a table: an INSERT and its rows come in, the engine's count of what it wrote goes out."""

import time
from collections.abc import Mapping
from typing import Any

from deploy.servers.clickhouse.engine import Handle
from deploy.servers.clickhouse.errors import ENGINE_ERRORS, from_engine
from deploy.servers.clickhouse.request import Rows
from deploy.servers.clickhouse.streams import PIECE_BYTES


def insert_rows(handle: Handle, sql: str, rows: Rows, bound: Mapping[str, str]) -> Any:
    """Feed *rows* to the engine, a megabyte at a time; all of them are inserted, or none.

    Raises: `QueryError`.
    """
    handle.set({f"param_{name}": value for name, value in bound.items()})
    try:
        insert = handle.connection.send_insert(sql, rows.format)
        piece = rows.begun or rows.rest.read(PIECE_BYTES)
        while piece:
            handle.connection.insert_append(insert, piece)
            piece = rows.rest.read(PIECE_BYTES)
        result = handle.connection.insert_done(insert)
    except ENGINE_ERRORS as exc:
        raise from_engine(exc) from None
    if result.has_error():
        raise from_engine(RuntimeError(result.error_message()))
    return result


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
