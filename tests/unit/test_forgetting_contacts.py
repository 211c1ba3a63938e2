"""Contact data leaves the state of checkouts and orders a week after the last sign of them, and nothing else does."""

from functools import partial
from typing import cast

import pytest

from streams.rules.contacts import CONTACT_DAYS
from streams.rules.states import checkout_from_bytes, heard_of_checkout, without_contact
from streams.stitching.forgetting import DAY_MS, Forgetter
from streams.stitching.terms import place_days
from streams.tables import Table
from tests.builders import MINUTE, NOON, an_order
from tests.shoppers import HOLD, LAPTOP, ORDER, PHONE, TOKEN, completed, on
from tests.stitched import ORDERS, Pipeline

HASHED = {"em": "b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514"}
CONTACT = (HASHED["em"].encode(), b"203.0.113.7", b"Mozilla")
WEEK = NOON + CONTACT_DAYS * DAY_MS


class States:
    """What a forgetter asks of the table `checkouts`: here the one of a pipeline, all on partition 0."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._states = pipeline.checkouts

    def keys(self) -> list[bytes]:
        return list(self._states)

    def get(self, key: bytes) -> bytes | None:
        return self._states.get(key)

    def partition_of(self, key: bytes) -> int | None:
        return 0 if key in self._states else None


def forget(pipeline: Pipeline, now: int) -> None:
    table = cast(Table, States(pipeline))
    kept = Forgetter(table, heard_of_checkout, partial(place_days, {}), without_contact).due(0, now)
    assert None not in kept.values()
    pipeline.checkouts.update({key: value for key, value in kept.items() if value is not None})


def bought(order_id: str | None = ORDER) -> Pipeline:
    pipeline = Pipeline()
    began = {"event_id": "began", "name": "checkout_started", "checkout_token": TOKEN}
    pipeline.publish(on(LAPTOP, -9, **began, user_data=HASHED))
    pipeline.publish(completed(event_id="done", order_id=order_id, user_data=HASHED))
    pipeline.publish_order(an_order(delivery_id="1", user_data=HASHED))
    pipeline.run()
    return pipeline


@pytest.mark.parametrize("order_id", [ORDER, None])
def test_it_leaves_a_week_and_a_day_after_the_last_sign(order_id: str | None) -> None:
    pipeline = bought(order_id)
    remembered = b"".join(pipeline.checkouts.values())
    forget(pipeline, WEEK + DAY_MS)
    assert b"".join(pipeline.checkouts.values()) == remembered

    forget(pipeline, WEEK + DAY_MS + MINUTE)

    written = b"".join(pipeline.checkouts.values())
    assert [each in remembered for each in CONTACT] == [True, True, True]
    assert [each in written for each in CONTACT] == [False, False, False]
    assert len(written) < len(remembered)


def test_it_stays_while_a_purchase_waits() -> None:
    pipeline = Pipeline()
    pipeline.publish(completed(user_data=HASHED))
    pipeline.run()
    forget(pipeline, WEEK + 2 * DAY_MS)
    pipeline.pass_time(WEEK + 2 * DAY_MS)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["user_data"] == HASHED


@pytest.mark.parametrize("order_id", [ORDER, None])
def test_what_comes_later_ends_the_same_whether_the_bytes_have_been_rewritten_or_not(order_id: str | None) -> None:
    later = WEEK + 3 * DAY_MS
    ends = []
    for rewritten in (False, True):
        pipeline = bought(order_id)
        if rewritten:
            forget(pipeline, later)
        pipeline.publish_order(an_order(delivery_id="2", status="cancelled", updated_at=later, received_at=later))
        pipeline.publish(
            completed(LAPTOP, -1, event_id="first", order_id=order_id, received_at=later, user_data=HASHED)
        )
        pipeline.publish_order(an_order(delivery_id="3", order_id="77", occurred_at=later))
        pipeline.run()
        pipeline.pass_time(later + 10 * HOLD)
        ends.append((pipeline.purchases(), pipeline.order_rows()))

    assert ends[0] == ends[1]
    assert {key: row["client_id"] for key, row in ends[0][1].items()} == {ORDER: LAPTOP, "77": PHONE}


def said_again(pipeline: Pipeline) -> list[bytes]:
    (place,) = {place for place in pipeline.logs if place[0] == ORDERS}
    return pipeline.step(place, offset=0).events


def test_a_purchase_is_said_again_as_it_was_or_not_at_all() -> None:
    pipeline = Pipeline()
    pipeline.publish(completed(user_data=HASHED))
    pipeline.run()
    pipeline.publish_order(an_order(user_data=HASHED))
    (place,) = {place for place in pipeline.logs if place[0] == ORDERS}
    (said,) = pipeline.step(place).events
    assert said_again(pipeline) == [said]

    forget(pipeline, WEEK + 2 * DAY_MS)
    rows = len(pipeline.orders)
    assert said_again(pipeline) == []
    assert len(pipeline.orders) == rows + 1

    pipeline.publish(completed(LAPTOP, -1, received_at=WEEK + 2 * DAY_MS))  # it was the first: said anew, without
    pipeline.run()
    corrected, taken_back = said_again(pipeline)
    assert HASHED["em"].encode() not in corrected + taken_back
    assert checkout_from_bytes(pipeline.checkouts[f"demo|order:{ORDER}".encode()]).bare is False
