"""States as bytes: what is written comes back, and its size is bounded."""

import pytest

from streams.rules.campaigns import campaign_of
from streams.rules.seen import was_seen
from streams.rules.states import (
    UnknownStateError,
    checkout_from_bytes,
    checkout_to_bytes,
    customer_from_bytes,
    customer_to_bytes,
    visitor_from_bytes,
    visitor_to_bytes,
)
from streams.rules.visitors import Bounds, Shown, VisitorState, visit
from tests.builders import MINUTE, NOON, an_event, an_order
from tests.stitched import Pipeline


def busy(events: int) -> VisitorState:
    state = VisitorState("phone")
    for number in range(events):
        event = an_event(
            occurred_at=NOON + number * 31 * MINUTE, event_id=f"e{number}", utm={"source": "x"}, fbp="fb.1.1.1"
        )
        customer, token = f"c{number % 7}", f"t{number}"
        bounds = Bounds(30 * MINUTE, campaign=campaign_of(event))
        state = visit(state, event, Shown(customer, token), bounds).state
        again = event | {"event_id": f"f{number}", "occurred_at": event["occurred_at"] + 1, "url": f"/{number}"}
        state = visit(state, again, Shown(customer, token), bounds).state
    return state


@pytest.mark.parametrize("events", [0, 1, 40, 400])
def test_a_visitor_comes_back_as_it_was(events: int) -> None:
    state = busy(events)

    assert visitor_from_bytes(visitor_to_bytes(state)) == state


def test_a_checkout_comes_back_as_it_was() -> None:
    pipeline = Pipeline()
    pipeline.publish(an_event(name="checkout_completed", checkout_token=an_order()["checkout_token"], order_id="1"))
    pipeline.publish_order(an_order(), an_order(order_id="1", status="cancelled"))
    pipeline.run()

    customers = {key for key in pipeline.checkouts if key.startswith(b"demo|customer:")}
    assert (len(pipeline.checkouts), len(customers)) == (5, 1)
    for key, written in pipeline.checkouts.items():
        if key in customers:
            assert customer_to_bytes(customer_from_bytes(written)) == written
        else:
            assert checkout_to_bytes(checkout_from_bytes(written)) == written


def test_the_busiest_visitor_stays_small() -> None:
    sizes = [len(visitor_to_bytes(busy(events))) for events in (400, 4_000)]

    assert sizes[1] < 64_000
    assert abs(sizes[1] - sizes[0]) < 2_000


def test_the_last_events_are_remembered_and_how_they_came() -> None:
    state = busy(300)
    late = visit(state, an_event(event_id="late"), Shown(), Bounds(30 * MINUTE)).state

    assert was_seen(late.seen, "late") is True
    assert was_seen(late.seen, "e299") is False
    assert was_seen(late.seen, "e0") is None


@pytest.mark.parametrize("read", [visitor_from_bytes, checkout_from_bytes, customer_from_bytes])
def test_a_state_of_an_unknown_release_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(UnknownStateError, match="version 63"):
        read(b"\x63[]")
