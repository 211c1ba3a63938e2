"""Looks one thing up by its id: `analytics/lookups/NAME.sql` and the id go in, rows come out as dictionaries.

Like the questions, each file can be pasted into any client of ClickHouse.
"""

from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal

from connectors.clickhouse.client import connect, errors_translated
from schemas.settings import ClickHouseSettings, settings

FOLDER: Final = Path(__file__).parent / "lookups"

Lookup = Literal[
    "event",
    "conversions_of_event",
    "conversions_replayable",
    "product",
    "titles",
    "orders_incomplete",
    "orders_counted",
    "identity_subjects",
    "identity_devices",
    "identity_evidence",
    "identity_log",
    "identity_orders",
    "identity_share",
    "catalog_runs",
    "catalog_stops",
    "item_history",
]


def look_up(name: Lookup, clickhouse: ClickHouseSettings | None = None, **parameters: object) -> list[dict[str, Any]]:
    """Find the rows of *name*: `look_up("event", event_id="sh-1")`.

    Raises:
        TransientError: ClickHouse does not answer.
        TerminalError: ClickHouse refuses the query.
    """
    sql = (FOLDER / f"{name}.sql").read_text()
    with closing(connect(clickhouse or settings(ClickHouseSettings))) as client, errors_translated():
        result = client.query(sql, parameters=parameters)
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
