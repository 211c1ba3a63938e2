"""One purchase is one event at Meta, whichever half tells of it, and however often."""

import orjson

from schemas.identifiers import purchase_event_id
from schemas.records import EnrichedEvent, Event
from streams.rules.conversions import decide
from tests.builders import MINUTE, NOON, a_shop, an_event, an_order
from tests.forwarded import a_destination
from tests.stitched import Pipeline

DAY = 24 * 60 * MINUTE
SHOP = a_shop(purchase_hold_seconds=120)


def thank_you_page(occurred_at: int, **changes: object) -> Event:
    order = an_order()
    return an_event(
        name="checkout_completed",
        occurred_at=occurred_at,
        checkout_token=order["checkout_token"],
        order_id=order["order_id"],
        fbp="fb.1.1793000000000.1116446470",
        **changes,
    )


def sent(events: list[EnrichedEvent]) -> list[tuple[str, str]]:
    """Name what a destination would get: Meta's event name and id."""
    decisions = [decide(each, SHOP, a_destination(), (NOON + 2 * DAY) / 1000) for each in events]
    bodies = [orjson.loads(decision.body) for decision in decisions if decision and decision.body]
    return [(body["event_name"], body["event_id"]) for body in bodies]


def test_a_thank_you_page_opened_again_the_next_day_sends_nothing() -> None:
    pipeline = Pipeline({"demo": SHOP})
    pipeline.publish(thank_you_page(NOON, event_id="first"))
    pipeline.publish_order(an_order())
    pipeline.run()
    once = sent(pipeline.events)

    pipeline.publish(thank_you_page(NOON + DAY, event_id="again"))
    pipeline.publish(thank_you_page(NOON + DAY, event_id="elsewhere", client_id="another browser"))
    pipeline.run()
    pipeline.pass_time(NOON + 2 * DAY)
    pipeline.run()

    assert once == [("Purchase", purchase_event_id("demo", an_order()["order_id"]))]
    assert sent(pipeline.events) == once


def test_an_order_told_of_twice_is_sent_under_one_id_with_the_browsers_half() -> None:
    pipeline = Pipeline({"demo": SHOP})
    pipeline.publish_order(an_order(delivery_id="1"))
    pipeline.publish_order(an_order(delivery_id="2", topic="orders/updated", updated_at=NOON + MINUTE))
    pipeline.publish(thank_you_page(NOON))
    pipeline.run()
    pipeline.pass_time(NOON + DAY)
    pipeline.run()

    assert sent(pipeline.events) == [("Purchase", purchase_event_id("demo", an_order()["order_id"]))]
    (purchase,) = [each["event"] for each in pipeline.events if each["event"]["name"] == "purchase"]
    assert purchase["fbp"] == "fb.1.1793000000000.1116446470"
