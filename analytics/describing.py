"""Keeps docs/tables.md equal to the tables: `python -m analytics.describing` writes it anew from CLICKHOUSE_URL's.

What a table and a column mean is said once, in the migrations, as ClickHouse's own comments; here they become a page.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from connectors.clickhouse.client import connect, errors_translated
from schemas.settings import ClickHouseSettings, settings

PAGE: Final = Path(__file__).parents[1] / "docs" / "tables.md"

DESCRIBED: Final = (
    *("product_views", "cart_actions", "checkouts", "orders", "order_items", "products_now", "sessions", "persons"),
    *("events", "event_items", "conversions", "order_ledger", "identity_overrides", "identity_log", "rejected"),
    *("product_syncs", "sync_jobs", "alerts"),
)
"""The tables and views of the page, those for people who know no event names first."""

_HEAD = """# Tables

Every table and view an analyst reads, and what each column means. Made from the comments in `analytics/migrations` by
`python -m analytics.describing`; `DESCRIBE product_views` tells the same. [The guide](analyst.md) says how to ask.

Tables are read with `FINAL`; views are deduplicated already. `events_by_person`, `orders_by_person` and
`sessions_by_person` have the columns of `events`, `orders` and `sessions` and who it was, as known today;
`product_syncs_now` has those of `product_syncs`, the last receipt of each item.
"""
_TABLES = """
SELECT name, comment, engine = 'View' FROM system.tables WHERE database = currentDatabase()
"""
_COLUMNS = """
SELECT table, name, type, comment FROM system.columns
WHERE database = currentDatabase() AND name NOT IN ('version', 'is_deleted') ORDER BY table, position
"""


class Column(NamedTuple):
    """One column, as ClickHouse has it."""

    table: str
    name: str
    type: str
    about: str


def page(clickhouse: ClickHouseSettings) -> str:
    """Describe the tables of a migrated database as a page of Markdown.

    Raises:
        KeyError: one of `DESCRIBED` is not there.
        TransientError: ClickHouse does not answer.
    """
    with closing(connect(clickhouse)) as client, errors_translated():
        tables = {name: (about, view) for name, about, view in client.query(_TABLES).result_rows}
        columns = [Column(*row) for row in client.query(_COLUMNS).result_rows]
    return _HEAD + "".join(
        f"\n## {name}\n\n{tables[name][0]}.\n\n{_table(each for each in columns if each.table == name)}"
        for name in DESCRIBED
    )


def _table(columns: Iterable[Column]) -> str:
    head = "| column | type | meaning |\n| --- | --- | --- |\n"
    return head + "".join(f"| `{each.name}` | `{_short(each.type)}` | {each.about} |\n" for each in columns)


def _short(kind: str) -> str:
    """Leave out what tells only how values are stored."""
    return kind.replace("LowCardinality(String)", "String").replace("(3, 'UTC')", "")


if __name__ == "__main__":
    PAGE.write_text(page(settings(ClickHouseSettings)))
