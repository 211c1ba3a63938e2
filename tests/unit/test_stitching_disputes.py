"""Who made a purchase that several browsers completed, and which order is completed where there are several."""

import pytest

from schemas.identifiers import purchase_event_id
from streams.rules.halves import (
    BOTH,
    Half,
    Lent,
    OrderState,
    Said,
    corrected,
    is_another_purchase,
    match_of,
    with_lent,
    without_lent,
)
from tests.builders import NOON, an_order
from tests.shoppers import HOLD, LAPTOP, ORDER, PHONE, TOKEN, completed, on, stitched
from tests.stitched import ORDERS


@pytest.mark.parametrize("first", [PHONE, LAPTOP])
def test_of_two_browsers_that_complete_one_order_the_first_by_its_own_time_counts(first: str) -> None:
    events = {PHONE: completed(PHONE, 1), LAPTOP: completed(LAPTOP, 0)}
    pipeline = stitched(events.pop(first))
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.publish(*events.values())
    pipeline.run()

    (purchase,) = pipeline.purchases()
    assert (purchase["event"]["event_id"], purchase["event"]["client_id"]) == (purchase_event_id("demo", ORDER), LAPTOP)
    assert pipeline.order_rows()[ORDER]["client_id"] == LAPTOP
    (place,) = {place for place in pipeline.logs if place[0] == ORDERS}
    pipeline.step(place, offset=0)
    assert {each["event"]["client_id"] for each in pipeline.purchases()} == {LAPTOP}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("later", ["checkout_started", "checkout_completed"])
def test_a_purchase_that_left_without_a_half_is_said_again_of_the_browser_it_left_with(known: bool, later: str) -> None:
    began = [on(PHONE, -1, name="checkout_started", checkout_token=TOKEN)] if known else []
    pipeline = stitched(*began)
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)
    left = pipeline.purchases()
    pipeline.publish(on(LAPTOP, 20, name=later, checkout_token=TOKEN))
    pipeline.run()
    (place,) = {place for place in pipeline.logs if place[0] == ORDERS}
    pipeline.step(place, offset=0)

    assert pipeline.order_rows()[ORDER]["client_id"] == LAPTOP
    assert left[0]["event"]["client_id"] == (PHONE if known else f"order:{ORDER}")
    assert pipeline.purchases() == [*left, *left]


@pytest.mark.parametrize("first", ["made first", "made later"])
def test_a_completion_that_names_no_order_is_of_the_one_made_first_also_if_another_left_with_it(first: str) -> None:
    orders = {
        "made first": an_order(order_id="2", occurred_at=NOON - 1_000),
        "made later": an_order(order_id="1", occurred_at=NOON),
    }
    pipeline = stitched(completed(PHONE, order_id=None), on(LAPTOP, 1, name="cart_viewed", checkout_token=TOKEN))
    pipeline.publish_order(orders.pop(first))
    pipeline.run()
    (left,) = pipeline.purchases()
    pipeline.publish_order(*orders.values())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    assert (left["event"]["order_id"], left["event"]["client_id"]) == ("2" if first == "made first" else "1", PHONE)
    rows = {key: (row["match"], row["client_id"]) for key, row in pipeline.order_rows().items()}
    assert rows == {"2": ("matched", PHONE), "1": ("webhook_only", LAPTOP)}
    said = {(each["event"]["order_id"], each["event"]["client_id"]) for each in pipeline.purchases()}
    assert said == {("2", PHONE), ("1", LAPTOP)}


@pytest.mark.parametrize("tokens", [("t1", "t2"), ("t2", "t1")])
def test_two_checkouts_that_ended_one_cart_in_the_same_millisecond_are_not_bought_beside_its_orders(
    tokens: tuple[str, str],
) -> None:
    pipeline = stitched(on(PHONE, -3, name="cart_viewed", cart_token="c1"))
    for order_id in ("1", "2"):
        pipeline.publish_order(an_order(order_id=order_id, checkout_token=None, cart_token="c1"))
    for token in tokens:
        pipeline.publish(completed(order_id=None, checkout_token=token, event_id=f"done {token}"))
        pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    assert {key: row["match"] for key, row in pipeline.order_rows().items()} == {"1": "matched", "2": "webhook_only"}
    assert {each["event"]["order_id"] for each in pipeline.purchases()} == {"1", "2"}
    assert {each["event"]["client_id"] for each in pipeline.purchases()} == {PHONE}


@pytest.mark.parametrize("completion_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_an_order_is_the_purchase_that_left_under_the_name_of_its_checkout_whatever_tells_of_it_first(
    completion_first: bool, together: bool
) -> None:
    pipeline = stitched(completed(PHONE, order_id=None))
    pipeline.pass_time(NOON + 2 * HOLD)
    for is_completion in (completion_first, not completion_first):
        if is_completion:
            pipeline.publish(completed(LAPTOP, 5))
        else:
            pipeline.publish_order(an_order(received_at=NOON + 3 * HOLD))
        if not together:
            pipeline.run()
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (row,) = pipeline.order_rows().values()
    assert (row["match"], row["client_id"]) == ("late", PHONE)
    assert [each["event"]["event_id"] for each in pipeline.purchases()] == [row["purchase_event_id"]]


def test_a_purchase_is_said_again_in_the_visit_that_completed_it_first_of_two_of_one_browser() -> None:
    pipeline = stitched(completed(minute=90, order_id=None, checkout_token=None, cart_token="c1", received_at=NOON))
    pipeline.publish_order(an_order(cart_token="c1"))
    pipeline.run()
    pipeline.publish(completed(order_id=None))
    pipeline.run()

    (row,) = pipeline.order_rows().values()
    assert [each["session_id"] == row["session_id"] for each in pipeline.purchases()] == [False, True]
    assert len({each["event"]["event_id"] for each in pipeline.purchases()}) == 1


def test_a_purchase_that_had_not_left_before_after_all_is_said_again_as_it_left() -> None:
    order = OrderState(ORDER, opening=an_order(), named=Half(completed(), "visit", None), sent=BOTH)
    gone = with_lent(order, Lent(TOKEN, Half(completed(LAPTOP, -1, order_id=None), "", None), "left alone"))
    again = without_lent(gone, TOKEN)

    assert (gone.left_as, match_of(gone)) == ("left alone", "late")
    assert is_another_purchase(order, gone)
    assert again == order
    assert corrected(gone, again) == again


def test_a_purchase_that_waits_to_be_said_again_is_taken_back_when_it_had_left_before() -> None:
    waiting = OrderState(ORDER, opening=an_order(), retracted=(Said("phone", NOON),))
    gone = with_lent(waiting, Lent(TOKEN, Half(completed(order_id=None), "", None), "left alone"))

    assert is_another_purchase(waiting, gone)
    assert not is_another_purchase(waiting._replace(retracted=()), gone)
