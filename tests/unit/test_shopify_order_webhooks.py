"""Shopify's webhooks of orders and refunds: what becomes of each body, and nobody's clear text in it."""

from typing import Any

import pytest

from tests.doors import FakeSink
from tests.shopify_webhooks import an_order_body, delivered


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated", "orders/partially_fulfilled"])
async def test_an_order_is_the_truth_about_a_purchase(topic: str) -> None:
    sink = FakeSink()
    await delivered(sink, topic, an_order_body())

    (order,) = sink.orders
    assert (order["shop_id"], order["order_id"], order["topic"]) == ("demo", "5396439498987", topic)
    assert order["checkout_token"] == "864ef6919a4214321240c177707a01f7"
    assert (order["customer_id"], order["first_order"], order["status"]) == ("6940095086827", True, "paid")
    assert order["sales_channel"] == "web"
    assert (order["value"], order["currency"], order["coupon"]) == (90.88, "EUR", "HELLO")
    assert order["totals"] == {"subtotal": 85.98, "tax": 13.73, "shipping": 4.9, "discount": 0.0}
    assert (order["occurred_at"], order["updated_at"]) == (1_792_995_200_000, 1_792_995_205_000)
    assert (order["client_ip"], order["user_agent"], order["country"]) == ("203.0.113.7", "Mozilla/5.0", "DE")
    assert [(item["variant_id"], item["quantity"], item["price"]) for item in order["items"]] == [
        ("43751530397931", 2, 42.99)
    ]
    assert set(order["user_data"]) == {"em", "fn", "ln", "ct", "zp", "country"}
    assert order["attributes"] == {"anonymous_id": "abc", "email": "[redacted]"}


async def test_a_refund_tells_how_much_of_which_order_was_paid_back() -> None:
    sink = FakeSink()
    paid = {"kind": "refund", "status": "success", "amount": "10.50", "currency": "EUR"}
    failed, sale = paid | {"status": "failure"}, paid | {"kind": "sale"}
    body = {"id": 890088186, "order_id": 5396439498987, "created_at": "2026-10-26T06:13:20Z"}

    await delivered(sink, "refunds/create", body | {"transactions": [paid, failed, sale, paid]})

    (refund,) = sink.orders
    assert (refund["order_id"], refund["delivery_id"]) == ("5396439498987", "refund:890088186")
    assert (refund["totals"], refund["value"], refund["currency"]) == ({"refunded": 21.0}, None, "EUR")
    assert refund["occurred_at"] == 1_792_995_200_000


async def test_a_refund_of_no_order_is_refused() -> None:
    sink = FakeSink()
    await delivered(sink, "refunds/create", {"id": 1})

    (refused,) = sink.rejected
    assert (refused["reason"], refused["field"]) == ("missing_field", "order_id")


async def test_nobodys_clear_text_is_in_an_order() -> None:
    sink = FakeSink()
    await delivered(sink, "orders/create", an_order_body())

    written = b"".join(sink.bytes).lower()
    for clear in (b"jane", b"doebelin", b"kleinmachnow", b"14532", b"example.com"):
        assert clear not in written


@pytest.mark.parametrize(
    ("topic", "changes", "status"),
    [
        ("orders/create", {"financial_status": "pending"}, "open"),
        ("orders/create", {"financial_status": None}, "open"),
        ("orders/updated", {"financial_status": "partially_refunded"}, "partially_refunded"),
        ("orders/updated", {"cancelled_at": "2026-10-26T08:00:00Z"}, "cancelled"),
        ("orders/cancelled", {"cancelled_at": None}, "cancelled"),
    ],
)
async def test_an_order_says_its_status(topic: str, changes: dict[str, Any], status: str) -> None:
    sink = FakeSink()
    await delivered(sink, topic, an_order_body(**changes))

    assert [order["status"] for order in sink.orders] == [status]


@pytest.mark.parametrize(
    ("told", "channel"),
    [
        *(("pos", "pos"), ("580111", "580111"), (580111, "580111"), ("x" * 300, "x" * 255)),
        *((None, None), ("", None), (["pos"], None), ("jane.doe@example.com", "[redacted]")),
    ],
)
async def test_an_order_says_where_it_was_placed_in_the_shops_own_word(told: Any, channel: str | None) -> None:
    sink = FakeSink()
    await delivered(sink, "orders/create", an_order_body(source_name=told))

    assert [order["sales_channel"] for order in sink.orders] == [channel]


async def test_an_order_made_elsewhere_has_no_token_and_no_customer() -> None:
    sink = FakeSink()
    nothing = dict.fromkeys(("checkout_token", "cart_token", "customer", "client_details", "browser_ip", "email"))
    await delivered(sink, "orders/create", an_order_body(**nothing, line_items=[]))

    (order,) = sink.orders
    assert (order["checkout_token"], order["customer_id"], order["client_ip"]) == (None, None, None)
