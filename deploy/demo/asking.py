"""Asks ClickHouse for the demo's report, as any client would: over HTTP, with bound parameters."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.clickhouse.client import connect
from deploy.demo.outcome import Ask
from schemas.settings import ClickHouseSettings


@contextmanager
def asking(clickhouse: ClickHouseSettings) -> Iterator[Ask]:
    """Give a function that asks SQL with its parameters and returns the rows."""
    client = connect(clickhouse)
    try:
        yield lambda sql, **parameters: client.query(sql, parameters=parameters).result_rows
    finally:
        client.close()
