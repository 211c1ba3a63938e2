"""A database with the random weeks in it, for the tests of one module."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final
from uuid import uuid4

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from schemas.settings import ClickHouseSettings
from tests.builders import a_product_change
from tests.integration.filling import fill
from tests.oracles.weeks import Weeks

_IDS = [
    f"if(toUInt128({each}) = 0, {each}, reinterpretAsUUID(toUInt128({each}) + 1)) AS {each}"
    for each in ("visitor_id", "session_id")
]
_MORE = "value * 3 AS value"
ALIKE: Final = {
    "events": [*_IDS, _MORE],
    "sessions": [*_IDS, "'another' AS utm_source"],
    "orders": [*_IDS, _MORE],
    "conversions": [_MORE],
    "products": ["'Another' AS title", "'draft' AS status"],
    "rejected": [],
}
"""What another shop of the same ids has otherwise; visitors and visits are never those of two shops."""


@contextmanager
def empty_database(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    """Yield a migrated database of its own; it is dropped afterwards."""
    url = f"{clickhouse_url.rstrip('/')}/weeks_{uuid4().hex[:8]}"
    made = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(made)
    yield made
    client = connect(made)
    client.command(f"DROP DATABASE {client.database}")
    client.close()


@contextmanager
def weeks_database(clickhouse_url: str, weeks: Weeks) -> Iterator[ClickHouseSettings]:
    """Yield a database that holds *weeks*, and a catalog of p0 and p3."""
    with empty_database(clickhouse_url) as made:
        fill(made, weeks, [a_product_change(product_id=each) for each in ("p0", "p3")])
        _open_another_shop(made)
        yield made


def _open_another_shop(clickhouse: ClickHouseSettings) -> None:
    """Write all of it once more for another shop, with the ids that two shops may have alike, and other money."""
    with closing(connect(clickhouse)) as client:
        for table, changed in ALIKE.items():
            columns = ", ".join(["'other' AS shop_id", *changed])
            client.command(f"INSERT INTO {table} SELECT * REPLACE ({columns}) FROM {table} FINAL")
