"""A visit that became part of another, on a real ClickHouse: its events are found under the one that is left."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.records import EnrichedEnvelope
from schemas.settings import ClickHouseSettings
from tests.builders import MINUTE, NOON, an_event
from tests.stitched import Pipeline

pytestmark = pytest.mark.integration


@pytest.fixture
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    url = f"{clickhouse_url.rstrip('/')}/merged_{uuid4().hex[:8]}"
    made = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(made)
    yield made
    client = connect(made, database="default")
    client.command(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]}")
    client.close()


def test_events_of_merged_visits_are_counted_in_the_one_that_is_left(clickhouse: ClickHouseSettings) -> None:
    pipeline = Pipeline()
    pipeline.publish(*(an_event(occurred_at=NOON + minute * MINUTE) for minute in (0, 50, 100, 75, 25)))
    pipeline.run()
    said: EnrichedEnvelope = {
        "events": pipeline.events,
        "sessions": pipeline.sessions,
        "orders": [],
        "timelines": pipeline.timelines,
    }
    inserter = Inserter(clickhouse)
    for table, rows in rows_of("events.enriched", said, 0, 7).items():
        if rows:
            inserter.insert(table, rows, f"{table}-1")

    visits = inserter.rows("SELECT toString(session_id), count() FROM events_by_person GROUP BY session_id", {})
    counted = inserter.rows("SELECT toString(session_id), events FROM sessions FINAL", {})
    inserter.close()

    assert len({each["session_id"] for each in pipeline.events}) == 3
    (left,) = pipeline.session_rows()
    assert [tuple(each) for each in visits] == [tuple(each) for each in counted] == [(left, 5)]
