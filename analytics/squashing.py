"""Writes into old events who they belong to, so that days that are over may be read without the join.

`storestream identities squash --shop SHOP` runs it, once a night. In: `identity_overrides`. Out: `person_id_then` of
`events` is what `events_by_person` would say, for events before a day. It changes only rows that are wrong, so a second
run changes nothing. Overrides stay: events that come late, and an unlink, still need them.

The rows are changed in place by a lightweight UPDATE: https://clickhouse.com/docs/sql-reference/statements/update.
Rows that the archive inserts meanwhile are not touched, versions stay, and what was erased does not come back, as it
might with rows inserted anew. Then the small patches are written into their parts, or every query would pay for them.
"""

from contextlib import closing
from datetime import date
from typing import Any, Final, NamedTuple

from connectors.clickhouse.client import connect, errors_translated
from schemas.settings import ClickHouseSettings, settings

BROWSERS_AT_ONCE: Final = 50_000
"""So many timelines travel in one statement; each is about 100 bytes."""

_TIMEOUT_SECONDS: Final = 3600.0

_WRONG: Final = """
SELECT uniqExact(visitor_id), count() FROM events_by_person
WHERE shop_id = {shop:String} AND occurred_at < {before:Date} AND person_id != person_id_then
"""

# The same decision as in events_by_person; `{told}` is one scalar, which ClickHouse asks once however often it stands.
_UPDATE: Final = """
UPDATE {table} SET person_id_then = {person}
WHERE shop_id = {{shop:String}} AND occurred_at < {{before:Date}}
    AND {browser} != 0 AND person_id_then != {person}
"""
_BROWSERS: Final = """
SELECT DISTINCT visitor_id FROM events_by_person
WHERE shop_id = {shop:String} AND occurred_at < {before:Date} AND person_id != person_id_then
    AND sipHash64(visitor_id) % {parts:UInt32} = {part:UInt32}
"""
_TOLD: Final = """(
SELECT (groupArray(visitor_id), groupArray(starts), groupArray(persons))
FROM (SELECT visitor_id, starts, persons FROM identity_overrides FINAL WHERE visitor_id IN ({browsers}))
)""".replace("{browsers}", _BROWSERS)


class Squashed(NamedTuple):
    """How many browsers and events were somebody else's than was written."""

    browsers: int
    events: int


def squash(shop_id: str, before: date, clickhouse: ClickHouseSettings | None = None) -> Squashed:
    """Write into the events of *shop_id* from before the day *before* (UTC) whose they are.

    Raises:
        TransientError: ClickHouse does not answer.
        TerminalError: ClickHouse refuses.
    """
    where = clickhouse or settings(ClickHouseSettings)
    asked = {"shop": shop_id, "before": before.isoformat()}
    with closing(connect(where, timeout_seconds=_TIMEOUT_SECONDS)) as client, errors_translated():
        browsers, events = client.query(_WRONG, parameters=asked).result_rows[0]
        parts = -(-browsers // BROWSERS_AT_ONCE)
        for part in range(parts):
            client.command(_update(where.cluster), parameters={**asked, "parts": parts, "part": part})
        if events:
            _write_patches(client, where.cluster)
    return Squashed(browsers, events)


def _update(cluster: str) -> str:
    browser = f"transform(visitor_id, {_TOLD}.1, arrayEnumerate({_TOLD}.1), toUInt32(0))"
    at = f"arrayLastIndex(since -> since <= occurred_at, {_TOLD}.2[{browser}])"
    person = f"if({at} = 0, visitor_id, {_TOLD}.3[{browser}][{at}])"
    return _UPDATE.format(table=_table(cluster), browser=browser, person=person)


def _write_patches(client: Any, cluster: str) -> None:
    client.command(f"ALTER TABLE {_table(cluster)} APPLY PATCHES SETTINGS mutations_sync = 1")


def _table(cluster: str) -> str:
    return f"events_local ON CLUSTER '{cluster}'" if cluster else "events"
