"""What becomes of orders and of what browsers tell of them, told as stories of shoppers."""

from typing import Any

import pytest

from schemas.identifiers import person_id, purchase_event_id, visitor_id
from schemas.records import OrderReceived
from tests.builders import MINUTE, NOON, an_order
from tests.shoppers import HOLD, LAPTOP, ORDER, PHONE, TOKEN, completed, on, stitched
from tests.stitched import Pipeline


@pytest.mark.parametrize("webhook_first", [True, False])
def test_both_halves_of_a_purchase_meet_in_either_order(webhook_first: bool) -> None:
    pipeline = Pipeline()
    if webhook_first:
        pipeline.publish_order(an_order())
        pipeline.run()
        assert pipeline.order_rows()[ORDER]["match"] == "held"
        assert pipeline.purchases() == []
    pipeline.publish(completed())
    pipeline.run()
    if not webhook_first:
        assert pipeline.order_rows()[ORDER]["match"] == "held"
        pipeline.publish_order(an_order())
        pipeline.run()

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", ORDER)
    assert purchase["event"]["fbp"] == "fb.1.1596403881668.1"
    assert purchase["event"]["visitor_id"] == visitor_id("demo", PHONE)
    assert purchase["session_id"] == next(iter(pipeline.session_rows()))
    assert purchase["person_id"] == person_id("demo", "6940095086827")
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["client_id"], row["status"]) == ("matched", PHONE, "paid")
    assert None not in (row["seen_in_webhook_at"], row["seen_in_pixel_at"])


def test_a_webhook_without_its_pixel_leaves_alone_after_the_hold() -> None:
    pipeline = Pipeline()
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 2_000 + HOLD)
    assert pipeline.purchases() == []

    pipeline.pass_time(NOON + 2_000 + HOLD + 1)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["client_id"] == f"order:{ORDER}"
    assert pipeline.order_rows()[ORDER]["match"] == "webhook_only"


@pytest.mark.parametrize("told", [True, False])
def test_a_purchase_and_its_row_say_where_the_order_was_placed(told: bool) -> None:
    pipeline = stitched(completed()) if told else Pipeline()
    pipeline.publish_order(an_order(sales_channel="pos"))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    assert [each["event"]["sales_channel"] for each in pipeline.purchases()] == ["pos"]
    assert pipeline.order_rows()[ORDER]["sales_channel"] == "pos"


def test_a_completion_the_browser_never_told_is_still_its_visitors() -> None:
    pipeline = Pipeline()
    pipeline.publish(on(PHONE, -1, name="checkout_started", checkout_token=TOKEN, fbp="fb.1.1596403881668.7"))
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["client_id"] == PHONE
    assert purchase["event"]["fbp"] == "fb.1.1596403881668.7"
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["client_id"], row["seen_in_pixel_at"]) == ("webhook_only", PHONE, None)


def test_a_pixel_without_its_webhook_leaves_alone_after_the_hold() -> None:
    pipeline = stitched(completed())
    pipeline.pass_time(NOON + 10 * HOLD)

    assert [each["event"]["value"] for each in pipeline.purchases()] == [42.99]
    assert pipeline.order_rows()[ORDER]["match"] == "pixel_only"


def test_a_half_after_the_deadline_updates_the_row_and_sends_nothing_twice() -> None:
    pipeline = stitched(completed())
    pipeline.pass_time(NOON + 10 * HOLD)
    pipeline.publish_order(an_order(received_at=NOON + 11 * HOLD, value=40.0))
    pipeline.run()
    pipeline.pass_time(NOON + 20 * HOLD)

    assert len(pipeline.purchases()) == 1
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["value"]) == ("late", 40.0)


def test_a_completion_without_an_order_id_meets_the_webhook_of_its_checkout() -> None:
    pipeline = stitched(completed(order_id=None))
    assert (pipeline.purchases(), pipeline.orders) == ([], [])

    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", ORDER)
    assert purchase["event"]["client_id"] == PHONE
    assert pipeline.order_rows()[ORDER]["match"] == "matched"


def test_a_completion_whose_order_nobody_names_leaves_once_under_the_name_of_its_checkout() -> None:
    pipeline = stitched(completed(order_id=None))
    pipeline.pass_time(NOON + 250 + HOLD)
    assert pipeline.purchases() == []
    pipeline.pass_time(NOON + 250 + HOLD + 1)
    pipeline.publish_order(an_order(received_at=NOON + 11 * HOLD))
    pipeline.run()
    pipeline.pass_time(NOON + 20 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", f"checkout:{TOKEN}")
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["client_id"]) == ("late", PHONE)
    assert row["purchase_event_id"] == purchase["event"]["event_id"]


@pytest.mark.parametrize("webhook_first", [True, False])
@pytest.mark.parametrize(
    ("pixel", "webhook"),
    [
        ({"order_id": ORDER}, {"checkout_token": None}),
        ({"order_id": ORDER, "checkout_token": None}, {}),
        ({"order_id": ORDER, "checkout_token": None}, {"checkout_token": None, "cart_token": None}),
        ({"order_id": ORDER, "checkout_token": "another"}, {}),
        ({"order_id": None}, {}),
        ({"order_id": None, "checkout_token": None, "cart_token": "c1"}, {"checkout_token": None, "cart_token": "c1"}),
    ],
)
def test_the_halves_meet_on_whatever_they_share(
    pixel: dict[str, Any], webhook: dict[str, Any], webhook_first: bool
) -> None:
    pipeline = Pipeline(partitions=4)
    if webhook_first:
        pipeline.publish_order(an_order(**webhook))
        pipeline.run()
    pipeline.publish(completed(**pixel))
    pipeline.run()
    pipeline.publish_order(an_order(**webhook))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", ORDER)
    assert purchase["event"]["client_id"] == PHONE
    (row,) = pipeline.order_rows().values()
    assert (row["match"], row["client_id"]) == ("matched", PHONE)
    assert set(pipeline.persons().values()) == {person_id("demo", "6940095086827")}


def test_an_order_without_a_checkout_is_that_of_the_browser_that_saw_its_cart() -> None:
    pipeline = stitched(on(PHONE, -3, name="cart_viewed", cart_token="c1", fbp="fb.1.1596403881668.7"))
    pipeline.publish_order(an_order(checkout_token=None, cart_token="c1"))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert (purchase["event"]["client_id"], purchase["event"]["fbp"]) == (PHONE, "fb.1.1596403881668.7")
    assert set(pipeline.persons().values()) == {person_id("demo", "6940095086827")}


def test_later_words_on_an_order_update_its_row_by_their_own_time() -> None:
    pipeline = stitched(completed())
    cancelled = an_order(topic="orders/cancelled", status="cancelled", updated_at=NOON + 2, cancelled_at=NOON + 2)
    pipeline.publish_order(an_order(status="open"), cancelled, an_order(status="paid", updated_at=NOON + 1))
    pipeline.run()

    assert pipeline.order_rows()[ORDER]["status"] == "cancelled"
    assert len(pipeline.purchases()) == 1


def a_refund(amount: float, refund_id: str = "1") -> OrderReceived:
    told: dict[str, Any] = {"topic": "refunds/create", "delivery_id": f"refund:{refund_id}", "value": None, "items": []}
    return an_order(**told, customer_id=None, totals={"refunded": amount}, received_at=NOON + 5 * MINUTE)


@pytest.mark.parametrize("first", ["order", "refund"])
@pytest.mark.parametrize(
    ("amounts", "status", "refunded"),
    [((10.0,), "partially_refunded", 10.0), ((10.0, 32.99), "refunded", 42.99), ((42.99,), "refunded", 42.99)],
)
def test_refunds_are_on_the_row_of_their_order_and_send_nothing(
    amounts: tuple[float, ...], status: str, refunded: float, first: str
) -> None:
    refunds = [a_refund(amount, str(number)) for number, amount in enumerate(amounts)]
    pipeline = Pipeline()
    pipeline.publish_order(*([an_order(), *refunds] if first == "order" else [*refunds, an_order()]), refunds[0])
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (row,) = pipeline.order_rows().values()
    assert (row["status"], row["totals"]) == (status, {"subtotal": 42.99, "refunded": refunded})
    assert len(pipeline.purchases()) == 1


def test_a_refund_of_an_order_nobody_told_of_is_no_order() -> None:
    pipeline = Pipeline()
    pipeline.publish_order(a_refund(1.0))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    assert (pipeline.orders, pipeline.purchases(), pipeline.rejected) == ([], [], [])


def test_an_order_tells_every_browser_of_its_checkout_whose_it_was() -> None:
    pipeline = stitched(
        on(LAPTOP, -100, name="checkout_started", checkout_token=TOKEN),
        on(LAPTOP, -900),
        completed(PHONE, 0),
        on("stranger"),
    )
    pipeline.publish_order(an_order())
    pipeline.run()

    buyer = person_id("demo", "6940095086827")
    persons = pipeline.persons()
    by_client = {each["event"]["client_id"]: persons[each["event"]["event_id"]] for each in pipeline.events}
    assert (by_client[LAPTOP], by_client[PHONE]) == (buyer, buyer)
    assert by_client["stranger"] == visitor_id("demo", "stranger")
    reasons = {link["reason"] for link in pipeline.links}
    assert reasons == {"checkout", "checkout_completed", "context", "order", "learned"}


def test_whose_an_order_was_the_shop_says_however_often_a_browser_has_said_otherwise() -> None:
    pipeline = stitched(*(completed(PHONE, number, customer_id="ada") for number in range(12)))
    pipeline.publish_order(an_order(customer_id="bob"))
    pipeline.run()

    assert {link["customer_id"] for link in pipeline.links if link["reason"] == "order"} == {"ada", "bob"}


def test_a_guests_order_merges_nobody() -> None:
    pipeline = stitched(on(LAPTOP, -9, checkout_token=TOKEN), completed())
    pipeline.publish_order(an_order(customer_id=None))
    pipeline.run()

    assert pipeline.timelines == []
    assert len(set(pipeline.persons().values())) == 2
