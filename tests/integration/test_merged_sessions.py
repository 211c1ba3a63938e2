"""Visits that were merged or parted, on a real ClickHouse: their events are found in the visits they are in now."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from analytics.migrate import migrate
from analytics.questions import query
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.records import EnrichedEnvelope
from schemas.settings import ClickHouseSettings
from tests.builders import MINUTE, NOON, an_event, an_order
from tests.stitched import Pipeline, an_unlink

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


def archived(clickhouse: ClickHouseSettings, pipeline: Pipeline) -> Inserter:
    said: EnrichedEnvelope = {
        "events": pipeline.events,
        "sessions": pipeline.sessions,
        "orders": pipeline.orders,
        "timelines": pipeline.timelines,
    }
    inserter = Inserter(clickhouse)
    for table, rows in rows_of("events.enriched", said, 0, 7).items():
        if rows:
            inserter.insert(table, rows, f"{table}-1")
    return inserter


def visits_and_counts(inserter: Inserter) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Count the events of each visit as the view has them, and as the visit's row says."""
    visits = "SELECT toString(session_id), count() FROM events_by_person GROUP BY session_id ORDER BY 1"
    counted = "SELECT toString(session_id), events FROM sessions FINAL ORDER BY 1"
    with closing(inserter):
        return [tuple(each) for each in inserter.rows(visits, {})], [tuple(each) for each in inserter.rows(counted, {})]


def test_events_of_merged_visits_are_counted_in_the_one_that_is_left(clickhouse: ClickHouseSettings) -> None:
    pipeline = Pipeline()
    pipeline.publish(*(an_event(occurred_at=NOON + minute * MINUTE) for minute in (0, 50, 100, 75, 25)))
    pipeline.run()

    visits, counted = visits_and_counts(archived(clickhouse, pipeline))

    assert len({each["session_id"] for each in pipeline.events}) == 3
    (left,) = pipeline.session_rows()
    assert visits == counted == [(left, 5)]


def test_events_of_parted_visits_are_counted_in_the_one_they_are_in_by_their_time(
    clickhouse: ClickHouseSettings,
) -> None:
    pipeline = Pipeline()
    pipeline.publish(*(an_event(occurred_at=NOON + minute * MINUTE, event_id=f"e{minute}") for minute in range(6)))
    pipeline.publish(an_event(occurred_at=NOON + 150_000, utm={"source": "mail"}, event_id="ad"))
    pipeline.publish(an_event(occurred_at=NOON + 30_000, utm={"source": "search"}, event_id="search"))
    pipeline.publish(an_event(client_id="other", occurred_at=NOON, event_id="other"))
    pipeline.publish_order(an_order(order_id="o1", checkout_token=None, cart_token=None))
    pipeline.run()
    inserter = archived(clickhouse, pipeline)
    found = {row[0]: row[1] for row in inserter.rows("SELECT event_id, toString(session_id) FROM events_by_person", {})}

    visits, counted = visits_and_counts(inserter)

    assert sorted(count for _, count in counted) == [1, 1, 3, 4]
    assert visits == counted
    assert found == pipeline.visits()


def test_a_purchase_dated_before_its_browsers_first_visit_is_in_that(clickhouse: ClickHouseSettings) -> None:
    pipeline = Pipeline()
    done = {"name": "checkout_completed", "checkout_token": an_order()["checkout_token"], "order_id": "o1"}
    pipeline.publish(an_event(occurred_at=NOON), an_event(occurred_at=NOON + 2 * MINUTE, **done))
    pipeline.publish_order(an_order(order_id="o1", occurred_at=NOON - MINUTE))
    pipeline.run()
    pipeline.publish(an_event(occurred_at=NOON + MINUTE, received_at=NOON + 3 * MINUTE, utm={"source": "mail"}))
    pipeline.run()

    with closing(archived(clickhouse, pipeline)) as inserter:
        sql = "SELECT event_id, toString(session_id) FROM events_by_person"
        found = {row[0]: row[1] for row in inserter.rows(sql, {})}

    assert len(set(found.values())) == 2
    assert found == pipeline.visits()


def test_an_order_is_of_the_visit_its_visit_became(clickhouse: ClickHouseSettings) -> None:
    pipeline = Pipeline()
    done = {"name": "checkout_completed", "checkout_token": an_order()["checkout_token"], "order_id": "o1"}
    pipeline.publish(an_event(occurred_at=NOON - 50 * MINUTE, received_at=NOON), an_event(occurred_at=NOON, **done))
    pipeline.publish_order(an_order(order_id="o1"))
    pipeline.run()
    pipeline.publish(an_event(occurred_at=NOON - 25 * MINUTE, received_at=NOON + 1))
    pipeline.run()

    with closing(archived(clickhouse, pipeline)) as inserter:
        ((named,),) = inserter.rows("SELECT toString(session_id) FROM orders FINAL", {})
        ((found,),) = inserter.rows("SELECT toString(session_id) FROM orders_by_person", {})

    (left,) = pipeline.session_rows()
    assert named != found
    assert found == left


def test_a_purchase_that_another_browser_turns_out_to_have_made_is_one_row(clickhouse: ClickHouseSettings) -> None:
    pipeline, order = Pipeline(), an_order()
    done = {"name": "checkout_completed", "checkout_token": order["checkout_token"], "order_id": order["order_id"]}
    pipeline.publish(an_event(event_id="late", client_id="phone", occurred_at=NOON, **done))
    pipeline.publish_order(order)
    pipeline.run()
    pipeline.publish(
        an_event(event_id="first", client_id="laptop", occurred_at=NOON - MINUTE, received_at=NOON, **done)
    )
    pipeline.run()

    with closing(archived(clickhouse, pipeline)) as inserter:
        found = inserter.rows("SELECT client_id FROM events FINAL WHERE name = 'purchase'", {})
        orders = inserter.rows("SELECT sum(orders) FROM persons", {})

    assert [each["event"]["client_id"] for each in pipeline.purchases()] == ["laptop"]
    assert ([tuple(each) for each in found], [tuple(each) for each in orders]) == ([("laptop",)], [(1,)])


def test_whose_a_visit_long_over_was_follows_an_unlink(clickhouse: ClickHouseSettings) -> None:
    pipeline = Pipeline()
    pipeline.publish(an_event(client_id="phone", customer_id="ada"))
    week = NOON + 7 * 24 * 60 * MINUTE
    pipeline.publish(an_event(client_id="phone", occurred_at=week))
    pipeline.run()
    pipeline.publish_link(an_unlink("phone", "ada", week + MINUTE))
    pipeline.run()

    with closing(archived(clickhouse, pipeline)) as inserter:
        written = inserter.rows("SELECT customer_id FROM sessions FINAL ORDER BY started_at", {})
        found = inserter.rows("SELECT DISTINCT customer_id, person_id = visitor_id FROM sessions_by_person", {})

    assert [each[0] for each in written] == ["ada", ""]
    assert [tuple(each) for each in found] == [("", 1)]


def test_a_robot_is_left_out_of_the_top_products_also_where_its_visits_were_merged(
    clickhouse: ClickHouseSettings,
) -> None:
    pipeline, robot = Pipeline(), "Mozilla/5.0 (compatible; Googlebot/2.1)"
    pipeline.publish(*(an_event(occurred_at=NOON + minute * MINUTE, user_agent=robot) for minute in (0, 50, 25)))
    pipeline.publish(an_event(client_id="ada", occurred_at=NOON))
    pipeline.run()
    archived(clickhouse, pipeline).close()

    answer = query("top_products", clickhouse, shop="demo", days=20_000)

    (row,) = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert (row["views"], row["viewers"]) == (1, 1)
