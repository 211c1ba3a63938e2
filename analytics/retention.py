"""How long ClickHouse keeps rows: a YAML file goes in, each table's TTL comes out, with its own days for a shop.

    tables:
      events: {days: 400, shops: {demo: 90}}     # 400 days; those of the shop demo 90
      conversions: {days: 800}                   # a table that is not named is left as it is
      sessions: {days: null}                     # null: for ever

Rows go by the time things happened, some time after they are due: ClickHouse drops them when it merges parts.
https://clickhouse.com/docs/engines/table-engines/mergetree-family/mergetree#table_engine-mergetree-ttl
"""

import re
from contextlib import closing
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.clickhouse.client import connect, errors_translated
from schemas import wording
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings

Kept = Literal[
    "events", "sessions", "orders", "conversions", "identity_log", "rejected", "product_syncs", "sync_jobs", "alerts"
]

AGES: Final[dict[Kept, str]] = {
    "events": "occurred_at",
    "sessions": "ended_at",
    "orders": "ordered_at",
    "conversions": "sent_at",
    "identity_log": "received_at",
    "rejected": "received_at",
    "product_syncs": "changed_at",
    "sync_jobs": "updated_at",
    "alerts": "raised_at",
}
"""The time by which a row of each table is old. What is not here is state, and has no age."""

DISTRIBUTED: Final = frozenset(("events", "sessions", "orders", "conversions"))
"""On a cluster these keep their rows in TABLE_local."""

# The last second a DateTime holds: a day added to a time too often begins again at 1970, and all would be old.
_NEVER: Final = "toDateTime(4294967295)"
_TTL = re.compile(r" TTL (.+?)(?: SETTINGS |$)")
Days = Annotated[int, Field(ge=1, le=20_000)]


class Period(BaseModel):
    """How long one table keeps its rows, in days; None: for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Days | None
    shops: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")], Days] = {}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: dict[Kept, Period] = Field(min_length=1)


class Change(NamedTuple):
    """What a table's TTL is, and what it shall be; None: rows stay."""

    table: Kept
    now: str | None
    wanted: str | None


def parse(content: object) -> dict[Kept, Period]:
    """Read what a YAML file says.

    Raises:
        ConfigurationError: naming each wrong field, never its value.
    """
    try:
        return _File.model_validate(content).tables
    except ValidationError as exc:
        raise ConfigurationError(f"retention: {wording.told(exc, 'the file')}") from None


def ttl(table: Kept, period: Period) -> str | None:
    """Say *period* as ClickHouse's TTL of *table*."""
    if period.days is None and not period.shops:
        return None
    cases = [f"shop_id = '{shop}', {_until(table, days)}" for shop, days in sorted(period.shops.items())]
    default = _until(table, period.days)
    return f"multiIf({', '.join([*cases, default])})" if cases else default


def plan(periods: dict[Kept, Period], clickhouse: ClickHouseSettings) -> list[Change]:
    """Compare *periods* with the tables that are there. Raises: `TransientError`, `TerminalError`."""
    with closing(connect(clickhouse)) as client, errors_translated():
        found = {table: _ttl_of(client, _stored(table, clickhouse)) for table in periods}
    wanted = {table: ttl(table, period) for table, period in periods.items()}
    return [Change(table, found[table], wanted[table]) for table in periods if not _same(found[table], wanted[table])]


def apply(changes: list[Change], clickhouse: ClickHouseSettings) -> None:
    """Give the tables their new TTLs; ClickHouse goes over old rows in the background. Raises as `plan`."""
    with closing(connect(clickhouse)) as client, errors_translated():
        for change in changes:
            on_cluster = f" ON CLUSTER '{clickhouse.cluster}'" if clickhouse.cluster else ""
            what = f"MODIFY TTL {change.wanted}" if change.wanted else "REMOVE TTL"
            client.command(f"ALTER TABLE {_stored(change.table, clickhouse)}{on_cluster} {what}")


def _until(table: Kept, days: int | None) -> str:
    return _NEVER if days is None else f"toDateTime({AGES[table]}) + toIntervalDay({days})"


def _stored(table: Kept, clickhouse: ClickHouseSettings) -> str:
    return f"{table}_local" if clickhouse.cluster and table in DISTRIBUTED else table


def _ttl_of(client: Any, table: str) -> str | None:
    rows = client.query(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}",
        {"table": table},
    ).result_rows
    if not rows:
        raise ConfigurationError(f"no table {table}: storestream migrate makes them")
    found = _TTL.search(rows[0][0])
    return found.group(1) if found else None


def _same(found: str | None, wanted: str | None) -> bool:
    """Compare two TTLs as texts; ClickHouse writes its own brackets."""
    return _bare(found) == _bare(wanted)


def _bare(text: str | None) -> str | None:
    return None if text is None else re.sub(r"[()\s]", "", text)
