"""A database with the random weeks in it, for the tests of one module."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from schemas.settings import ClickHouseSettings
from tests.builders import a_product_change
from tests.integration.filling import fill
from tests.oracles.weeks import Weeks


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
        yield made
