"""How the archive keeps a row that ClickHouse refused: with the bytes of what it came from, and nothing else."""

import pytest

from connectors.clickhouse.ranges import Source
from connectors.clickhouse.sink import Refused
from schemas.codec import Codec
from schemas.records import EnrichedEnvelope
from streams.archiving.reading import read, refused
from streams.records import Record
from tests.archived import a_session, a_timeline, an_enriched_event, an_order_row

CODEC = Codec.from_lock()


def a_record() -> Record:
    """One of `events.enriched`; of its two sessions the second became part of the first."""
    merged = a_session(session_id="5b7c1f9e-0000-5000-8000-000000000002", merged_into=a_session()["session_id"])
    envelope = EnrichedEnvelope(
        events=[an_enriched_event()], sessions=[a_session(), merged], orders=[an_order_row()], timelines=[a_timeline()]
    )
    return Record("events.enriched", 0, 7, None, CODEC.encode("EnrichedEnvelope", envelope), 1.0, (), None)


@pytest.mark.parametrize(
    ("table", "field", "number"),
    [
        ("events", "events", 0),
        ("sessions", "sessions", 1),
        ("merged_sessions", "sessions", 1),
        ("orders", "orders", 0),
        ("identity_overrides", "timelines", 0),
    ],
)
def test_a_refused_row_is_kept_with_the_member_it_came_from_and_its_shop(table: str, field: str, number: int) -> None:
    record = a_record()
    rows = read(CODEC, record).rowed.rows[table]

    rejected = refused(CODEC, record, Refused(Source(record.topic, 0), 7, table, len(rows) - 1, "code 53"))

    told, kept = CODEC.decode(record.value), CODEC.decode(rejected["payload"])
    assert kept == {name: [members[number]] if name == field else [] for name, members in told.items()}
    assert (rejected["shop_id"], rejected["field"]) == ("demo", table)
