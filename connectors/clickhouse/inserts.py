"""Writes rows: lists of values go in, one insert with a token goes out, so that it may be sent again and counts once.

Rows travel as JSON arrays (`JSONCompactEachRow`): written by orjson, read by ClickHouse's own parser. Measured on the
66 columns of `events`: 1 µs a row here and 11 µs in all, where native columns from Python cost 12 µs, all of it here.
"""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from connectors.clickhouse.client import RefusedError, connect, errors_translated
from connectors.clickhouse.rows import COLUMNS
from connectors.clickhouse.rows.values import Row
from schemas.settings import ClickHouseSettings

FORMAT: Final = "JSONCompactEachRow"

SETTINGS: Final = {
    # Ours are batches already; the server's own gathering would answer before they are there.
    "async_insert": 0,
    # Without it, rows over several nodes would be sent on after the answer.
    "distributed_foreground_insert": 1,
    # Seconds with a fraction, to the letter.
    "date_time_input_format": "basic",
    # History may be inserted a decade at a time.
    "max_partitions_per_insert_block": 1000,
    # A batch is one block, so that its token covers it whole.
    "min_insert_block_size_rows": 1_048_449,
    "min_insert_block_size_bytes": 1 << 30,
}


class Inserter:
    """Inserts into our tables. Connects at the first insert; may be used by several threads."""

    def __init__(self, clickhouse: ClickHouseSettings) -> None:
        """Take where ClickHouse is; nothing is opened yet."""
        self._clickhouse = clickhouse
        self._client: Any = None

    def insert(self, table: str, rows: Sequence[Row], token: str) -> None:
        """Insert *rows* of *table* (values in the order of its COLUMNS) unless *token* was used on that table before.

        Raises:
            RefusedError: ClickHouse refuses; `about_a_row` tells whether a row is at fault.
            TransientError: it may work later.
        """
        body = encoded(rows)
        with errors_translated():
            self._connected().raw_insert(
                table,
                COLUMNS[table],
                body,
                fmt=FORMAT,
                settings={**SETTINGS, "insert_deduplication_token": token},
            )

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Ask *sql*. Raises as `insert`."""
        with errors_translated():
            found: list[tuple[Any, ...]] = self._connected().query(sql, parameters=parameters).result_rows
            return found

    def raw(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert into a table that is not among COLUMNS, without a token. Raises as `insert`."""
        body = encoded(rows)
        with errors_translated():
            self._connected().raw_insert(table, columns, body, fmt=FORMAT, settings=SETTINGS)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> Any:
        if self._client is None:
            self._client = connect(self._clickhouse)
        return self._client


def encoded(rows: Sequence[Row]) -> bytes:
    """Write *rows* as one body, whole before anything is sent.

    Raises:
        RefusedError: a value cannot be written, such as a number of more than 64 bits.
    """
    try:
        return b"\n".join(map(orjson.dumps, rows))
    except (TypeError, ValueError):  # orjson's text quotes the value
        raise RefusedError(0, "a value cannot be written") from None
