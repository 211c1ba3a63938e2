"""The two halves of a purchase meet on whatever they share, or their browser knows to be one; and it leaves once.

`STITCH_EXAMPLES=20000 pytest --timeout=0 tests/property/test_purchase_properties.py` looks longer than a build does.
"""

import os
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ingest.identities import order_digits
from connectors.shopify.values import id_of
from schemas.identifiers import purchase_event_id
from schemas.records import Event, OrderReceived
from tests.builders import MINUTE, NOON, an_event, an_order
from tests.property.test_stitching_properties import (
    END,
    HOLD,
    History,
    end_state,
    endless,
    step_anyhow,
    stitched_anyhow,
    stitched_in_order,
)
from tests.stitched import Pipeline

EXAMPLES = int(os.environ.get("STITCH_EXAMPLES", "300"))
ORDER = "5396439498987"
SPELLED = (ORDER, f"gid://shopify/OrderIdentity/{ORDER}", f"gid://shopify/Order/{ORDER}?key=7")
TOKEN, CART = "864ef6919a4214321240c177707a01f7", "c1-864ef6919a4214321240c177707a01f8"


class Bought(NamedTuple):
    """One purchase as its browser and its shop tell it, and whether one can know that both tell of the same."""

    events: list[Event]
    orders: list[OrderReceived]
    knowable: bool

    @property
    def history(self) -> History:
        return History(self.events, self.orders, [])


@st.composite
def purchases(draw: st.DrawFn) -> Bought:
    """A browser that looks at its cart or not, and pays; every id may be missing, or be spelled in another way."""
    named, token, cart, saw_cart, began = (draw(st.booleans()) for _ in range(5))
    told_token, told_cart = draw(st.booleans()), draw(st.booleans())
    completion: dict[str, Any] = {"name": "checkout_completed", "event_id": "done", "occurred_at": NOON}
    completion["order_id"] = order_digits(draw(st.sampled_from(SPELLED))) if named else None
    completion |= {"checkout_token": TOKEN if token else None, "cart_token": CART if cart else None}
    events = [an_event(**completion, received_at=NOON + 5000)]
    if saw_cart:
        before = NOON - draw(st.sampled_from((1, 90, 23 * 60))) * MINUTE
        viewed = an_event(name="cart_viewed", event_id="cart", cart_token=CART, occurred_at=before)
        events.append(viewed | {"received_at": NOON})
    if began:
        events.append(
            an_event(name="checkout_started", event_id="began", checkout_token=TOKEN, occurred_at=NOON - MINUTE)
        )
    order = an_order(
        order_id=id_of(draw(st.sampled_from((None, f"gid://shopify/Order/{ORDER}"))), ORDER),
        checkout_token=TOKEN if told_token else None,
        cart_token=CART if told_cart else None,
        received_at=NOON + 2000,
    )
    shares = (token and told_token) or (cart and told_cart) or (token and saw_cart and told_cart)
    unnamed_place = token or cart
    return Bought(draw(st.permutations(events)), [order], named or (shares and unnamed_place))


@st.composite
def disputes(draw: st.DrawFn) -> History:
    """Several orders of one checkout or cart, and several completions there, of which few name their order."""
    orders = [
        an_order(
            order_id=f"100{number}",
            checkout_token=draw(st.sampled_from((TOKEN, TOKEN, "another", None))),
            cart_token=draw(st.sampled_from((CART, None))),
            customer_id=draw(st.sampled_from(("ada", "bob", None))),
            delivery_id=f"w{number}",
            occurred_at=NOON + draw(st.sampled_from((0, 0, 1, 9_000))),
            received_at=NOON + draw(st.sampled_from((2_000, 3_000, HOLD // 2))),
        )
        for number in range(draw(st.integers(2, 4)))
    ]
    events = []
    for number in range(draw(st.integers(1, 4))):
        said: dict[str, Any] = {
            "client_id": draw(st.sampled_from(("phone", "laptop"))),
            "name": draw(st.sampled_from(("checkout_completed", "checkout_completed", "checkout_started"))),
            "checkout_token": draw(st.sampled_from((TOKEN, "another", None))),
            "cart_token": draw(st.sampled_from((CART, CART, None))),
            "order_id": draw(st.sampled_from((None, None, None, "1000", "1001"))),
            "occurred_at": NOON + draw(st.sampled_from((0, 0, 1, 5_000))),
        }
        events.append(an_event(event_id=f"e{number}", received_at=NOON + 5_000 + number, **said))
    return History(events, draw(st.permutations(orders)), [])


def ids(pipeline: Pipeline) -> set[str]:
    return {each["event"]["event_id"] for each in pipeline.purchases()}


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(purchases(), st.sampled_from((1, 4, 12)), st.lists(st.integers(0, 1_000), min_size=1, max_size=40))
def test_the_halves_meet_wherever_anything_tells_that_they_are_one(
    bought: Bought, partitions: int, choices: list[int]
) -> None:
    pipeline = stitched_anyhow(bought.history, partitions, endless(choices))

    row = pipeline.order_rows()[ORDER]
    if bought.knowable:
        assert (row["match"], row["client_id"]) == ("matched", bought.events[0]["client_id"])
        assert ids(pipeline) == {purchase_event_id("demo", ORDER)}
    else:
        assert row["match"] == "webhook_only"
        assert len(ids(pipeline)) <= 2
    assert pipeline.rejected == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(disputes(), st.sampled_from((1, 4, 12)), st.lists(st.integers(0, 1_000), min_size=1, max_size=60))
def test_which_order_a_completion_is_of_that_names_none_does_not_depend_on_what_comes_first(
    history: History, partitions: int, choices: list[int]
) -> None:
    expected = stitched_in_order(history)
    pipeline = stitched_anyhow(history, partitions, endless(choices))

    assert end_state(pipeline) == end_state(expected)
    assert pipeline.rejected == []


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(disputes(), st.integers(0, 4), st.sampled_from((1, 4)), st.lists(st.integers(0, 1_000), min_size=1, max_size=60))
def test_nor_does_it_where_completions_left_before_the_shop_or_another_completion_named_any_order(
    history: History, early: int, partitions: int, choices: list[int]
) -> None:
    ends = []
    for choose in (endless([3]), endless(choices)):
        pipeline = stitched_in_order(History(history.events[:early], [], []), partitions)
        pipeline.publish(*(event | {"received_at": END + 1_000} for event in history.events[early:]))
        pipeline.publish_order(*(order | {"received_at": END + 2_000} for order in history.orders))
        step_anyhow(pipeline, [], choose)
        pipeline.pass_time(END + 2 * HOLD)
        ends.append(end_state(pipeline))

    assert ends[0] == ends[1]


@settings(max_examples=EXAMPLES, deadline=None)
@given(purchases(), st.booleans(), st.sampled_from((1, 4)))
def test_a_half_that_comes_after_the_hold_is_seen_on_the_row_and_sends_nothing(
    bought: Bought, webhook_first: bool, partitions: int
) -> None:
    late = NOON + 5 * HOLD
    pipeline = Pipeline(partitions=partitions)
    done = next(event for event in bought.events if event["event_id"] == "done")
    rest = [event for event in bought.events if event is not done]
    pipeline.publish(*rest)
    if webhook_first:
        pipeline.publish_order(*bought.orders)
        pipeline.run()
        pipeline.pass_time(late - 1)
        pipeline.publish(done | {"received_at": late})
    else:
        pipeline.publish(done)
        pipeline.run()
        pipeline.pass_time(late - 1)
        pipeline.publish_order(*(order | {"received_at": late} for order in bought.orders))
    pipeline.run()
    pipeline.pass_time(END)

    row = pipeline.order_rows()[ORDER]
    if bought.knowable:
        assert (row["match"], len(ids(pipeline))) == ("late", 1)
        assert ids(pipeline) == {row["purchase_event_id"]}
    else:
        assert row["match"] == "webhook_only"
