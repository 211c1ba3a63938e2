"""Identifiers and browsers that are not as they should be: each has one clear outcome, and what is kept stays small."""

from typing import Any

import pytest

from connectors.ingest.identities import plain
from connectors.ingest.wire.events import Customer
from connectors.shopify.order_bodies import Customer as Buyer
from connectors.shopify.values import id_of
from schemas.identifiers import visitor_id
from schemas.topics import MAX_RECORD_BYTES
from streams.rules.sizes import MAX_BYTES
from tests.builders import NOON, a_product_change, an_event, an_item, an_order
from tests.stitched import EVENTS, Pipeline

TOKEN = an_order()["checkout_token"]
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    "told", [6940095086827, "6940095086827", " 6940095086827 ", "gid://shopify/Customer/6940095086827"]
)
def test_a_customer_is_the_same_whatever_type_its_id_has(told: Any) -> None:
    by_pixel = plain(Customer.model_validate({"id": told}).id)
    buyer = Buyer.model_validate({"id": 6940095086827, "admin_graphql_api_id": "gid://shopify/Customer/6940095086827"})

    assert by_pixel == id_of(buyer.admin_graphql_api_id, buyer.id) == id_of(None, buyer.id) == "6940095086827"


def test_a_token_on_a_thousand_events_is_told_once_a_visit() -> None:
    pipeline = Pipeline(partitions=4)
    pipeline.publish(
        *(an_event(event_id=f"e{n}", occurred_at=NOON + n * 1000, checkout_token=TOKEN) for n in range(1000))
    )
    pipeline.run()

    assert [link["reason"] for link in pipeline.links] == ["checkout"]
    assert max(map(len, pipeline.checkouts.values())) < 4_000
    assert [row["events"] for row in pipeline.session_rows().values()] == [1000]


def test_a_completion_told_a_thousand_times_is_one_purchase_and_stays_small() -> None:
    pipeline = Pipeline(partitions=4)
    done = {"name": "checkout_completed", "checkout_token": TOKEN, "order_id": "77"}
    pipeline.publish(*(an_event(event_id=f"e{n}", occurred_at=NOON + n * 1000, **done) for n in range(1000)))
    pipeline.publish_order(an_order(order_id="77"))
    pipeline.run()

    assert {each["event"]["event_id"] for each in pipeline.purchases()} == {
        row["purchase_event_id"] for row in pipeline.order_rows().values()
    }
    assert len(pipeline.purchases()) == 1
    assert max(map(len, pipeline.checkouts.values())) < 32_000


def test_a_browser_that_never_stops_is_counted_in_full_kept_small_and_holds_up_nobody() -> None:
    pipeline, many = Pipeline(), 4_000
    for first in range(0, many, 200):
        envelope = [
            an_event(
                event_id=f"hot-{n}",
                client_id="hot",
                occurred_at=NOON + n * HOUR_MS // many,
                url=f"https://shop.example/{n}",
                utm={"source": "mail", "campaign": "spring"},
                customer_id=f"c{n % 50}",
                checkout_token=f"t{n % 50}",
            )
            for n in range(first, first + 200)
        ]
        pipeline.publish_together([*envelope, an_event(event_id=f"cold-{first}", client_id=f"cold-{first}")])
    pipeline.run()

    hot = visitor_id("demo", "hot")
    kept = {key: len(state) for key, state in pipeline.visitors.items()}
    assert [row["events"] for row in pipeline.session_rows().values() if row["visitor_id"] == hot] == [many]
    assert kept[f"demo|{hot}".encode()] < 48_000
    assert len(pipeline.session_rows()) == 1 + many // 200
    assert len(pipeline.events) == many + many // 200
    assert pipeline.rejected == []


@pytest.mark.parametrize("visits", [1, 60])
def test_a_browser_that_sends_the_longest_addresses_is_kept_small(visits: int) -> None:
    pipeline, numbers = Pipeline(), range(visits * 20)
    clicks = {f"id{number}": "z" * 500 for number in range(11)}
    for number in numbers:
        longest = f"https://shop.example/{number}{'x' * 8_000}"
        said: dict[str, Any] = {
            "url": longest,
            "referrer": longest,
            "utm": {"source": str(number)},
            "click_ids": clicks,
        }
        at = NOON + (number // 20) * HOUR_MS + number % 20
        pipeline.publish(an_event(event_id=f"e{number}", occurred_at=at, received_at=NOON + number, **said))
        pipeline.run()
        assert max(map(len, pipeline.visitors.values())) <= MAX_BYTES

    assert len(pipeline.events) == len(numbers)
    assert sum(row["events"] for row in pipeline.session_rows().values()) == len(numbers)
    assert pipeline.rejected == []


def test_what_is_said_of_many_known_products_is_never_more_than_kafka_takes() -> None:
    pipeline, item = Pipeline(), an_item(title=None)
    change = a_product_change()
    assert change["product"] is not None
    change["product"]["title"] = "t" * 500
    pipeline.catalog.apply(change)
    events = [an_event(event_id=f"e{number}", items=[item] * 500) for number in range(12)]
    pipeline.publish_together(events)

    said = pipeline.step((EVENTS, 0)).envelopes()

    assert sum(map(len, said)) > 2 * MAX_RECORD_BYTES
    assert max(map(len, said)) < MAX_RECORD_BYTES
    assert [each["event"]["event_id"] for each in pipeline.events] == [event["event_id"] for event in events]
    assert [row["events"] for row in pipeline.session_rows().values()] == [12]
