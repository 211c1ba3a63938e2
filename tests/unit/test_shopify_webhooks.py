"""Shopify's webhooks: who is let in, what becomes of each topic, and what a stranger learns."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from connectors.shopify.signatures import is_signed
from schemas.identifiers import rejection_id
from tests.builders import a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling

PATH = "/v1/webhooks/shopify"
PRODUCT_ID = 788032119674292922


def signature(body: bytes, secret: bytes) -> str:
    return base64.b64encode(hmac.new(secret, body, sha256).digest()).decode()


def headers_of(topic: str, body: bytes, **changes: str) -> dict[str, str]:
    return {
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature(body, b"hush"),
        "x-shopify-shop-domain": "demo.myshopify.com",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-triggered-at": "2026-10-26T06:13:22.123456789Z",
        "content-type": "application/json",
    } | changes


async def delivered(sink: FakeSink, topic: str, value: Any, **changes: str) -> httpx.Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    async with calling(a_door(sink, a_shop(webhook_secret_envs=list(SECRETS)))) as client:
        return await client.post(PATH, content=body, headers=headers_of(topic, body, **changes))


def a_product(**changes: Any) -> dict[str, Any]:
    variant = {
        "id": 642667041472713922,
        "admin_graphql_api_id": "gid://shopify/ProductVariant/642667041472713922",
        "sku": None,
        "title": "Small / Red",
        "price": "19.99",
        "compare_at_price": "0.00",
        "barcode": None,
        "option1": "Small",
        "option2": "Red",
        "option3": None,
        "image_id": 5,
        "inventory_item_id": 271878346596884015,
        "inventory_quantity": -3,
    }
    product = {
        "id": PRODUCT_ID,
        "admin_graphql_api_id": f"gid://shopify/Product/{PRODUCT_ID}",
        "title": "Example T-Shirt",
        "body_html": "An <b>example</b>",
        "vendor": "Acme",
        "product_type": "Shirts",
        "handle": "example-t-shirt",
        "status": "active",
        "tags": "example, mens, t-shirt",
        "updated_at": "2026-10-26T01:13:20-05:00",
        "options": [{"name": "Size"}, {"name": "Colour"}],
        "images": [{"id": 5, "src": "https://cdn.example/red.jpg"}],
        "image": None,
        "variants": [variant],
    }
    return product | changes


def an_order_body(**changes: Any) -> dict[str, Any]:
    address = {
        "first_name": "Jane",
        "last_name": "Doebelin",
        "city": "Kleinmachnow",
        "zip": "14532",
        "country_code": "DE",
        "phone": None,
    }
    order = {
        "id": 5396439498987,
        "admin_graphql_api_id": "gid://shopify/Order/5396439498987",
        "checkout_token": "864ef6919a4214321240c177707a01f7",
        "cart_token": "c1-5dc8c193f2fcf669eb1a08f2ba709d39",
        "created_at": "2026-10-26T07:13:20+01:00",
        "processed_at": None,
        "updated_at": "2026-10-26T07:13:25+01:00",
        "cancelled_at": None,
        "financial_status": "paid",
        "currency": "EUR",
        "total_price": "90.88",
        "subtotal_price": "85.98",
        "total_tax": "13.73",
        "total_discounts": "0.00",
        "total_shipping_price_set": {"shop_money": {"amount": "4.90", "currency_code": "EUR"}},
        "discount_codes": [{"code": "HELLO", "amount": "5.00", "type": "fixed_amount"}],
        "email": "jane.doe@example.com",
        "phone": None,
        "browser_ip": "203.0.113.7",
        "client_details": {"user_agent": "Mozilla/5.0", "browser_ip": None},
        "landing_site": "/?utm_source=news&email=jane.doe%40example.com",
        "referring_site": "https://search.example/",
        "note_attributes": [
            {"name": "anonymous_id", "value": "abc"},
            {"name": "email", "value": "jane.doe@example.com"},
        ],
        "customer": {"id": 6940095086827, "email": "jane.doe@example.com", "orders_count": 1},
        "billing_address": address,
        "shipping_address": address,
        "line_items": [
            {
                "id": 1,
                "product_id": 7992983748843,
                "variant_id": 43751530397931,
                "sku": "BR-BLUE",
                "title": "Bracelet",
                "variant_title": "Blue",
                "vendor": "Acme",
                "quantity": 2,
                "price": "42.99",
            }
        ],
    }
    return order | changes


@pytest.mark.parametrize("secret", SECRETS.values())
async def test_each_of_two_secrets_lets_a_webhook_in_during_a_rotation(secret: bytes) -> None:
    sink, body = FakeSink(), {"id": PRODUCT_ID}
    signed = signature(json.dumps(body).encode(), secret)

    answer = await delivered(sink, "products/delete", body, **{"x-shopify-hmac-sha256": signed})

    assert answer.status_code == 200
    assert len(sink.products) == 1


@pytest.mark.parametrize(
    "given",
    [
        signature(b'{"id": 1}', b"wrong"),
        signature(b'{"id": 2}', b"hush"),
        signature(b'{"id": 1}', b""),
        "",
        "no base64!",
        "ü",
    ],
)
async def test_a_missing_or_wrong_signature_is_401_and_nothing_is_kept(given: str) -> None:
    sink, body = FakeSink(), b'{"id": 1}'
    headers = headers_of("products/delete", body) | {"x-shopify-hmac-sha256": given}
    async with calling(a_door(sink, a_shop(webhook_secret_envs=[*SECRETS, "SHOPIFY_SECRET_UNSET"]))) as client:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = await client.post(PATH, content=body, headers=raw)

    assert answer.status_code == 401
    assert (sink.products, sink.rejected) == ([], [])


def test_an_empty_secret_is_none() -> None:
    assert not is_signed(b"{}", signature(b"{}", b""), [b""])


async def test_a_stranger_cannot_tell_which_shops_there_are() -> None:
    body = b"{}"
    forged = {"x-shopify-hmac-sha256": signature(body, b"guess")}
    known = await delivered(FakeSink(), "products/update", body, **forged)
    unknown = await delivered(
        FakeSink(), "products/update", body, **forged, **{"x-shopify-shop-domain": "other.myshopify.com"}
    )

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.status_code == 401


async def test_who_holds_a_secret_is_told_that_the_shop_is_unknown() -> None:
    answer = await delivered(FakeSink(), "products/update", {}, **{"x-shopify-shop-domain": "other.myshopify.com"})

    assert answer.status_code == 404
    assert answer.json()["rejected"] == [{"index": 0, "reason": "unknown_shop", "field": "x-shopify-shop-domain"}]


async def test_the_newer_header_names_are_read_too() -> None:
    sink, body = FakeSink(), json.dumps({"id": PRODUCT_ID}).encode()
    headers = {name.removeprefix("x-"): value for name, value in headers_of("products/delete", body).items()}
    async with calling(a_door(sink, a_shop())) as client:
        answer = await client.post(PATH, content=body, headers=headers)

    assert answer.status_code == 200
    assert sink.products[0]["delivery_id"] == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"


@pytest.mark.parametrize("topic", ["products/create", "products/update"])
async def test_a_product_is_described_with_its_exact_ids(topic: str) -> None:
    sink = FakeSink()
    # A hop through JavaScript has rounded the number; the gid has not suffered.
    await delivered(sink, topic, a_product(id=788032119674292900))

    (change,) = sink.products
    assert (change["shop_id"], change["product_id"], change["action"]) == ("demo", str(PRODUCT_ID), "upsert")
    assert change["product"] == {
        "title": "Example T-Shirt",
        "description": "An <b>example</b>",
        "handle": "example-t-shirt",
        "url": "https://demo.myshopify.com/products/example-t-shirt",
        "status": "active",
        "brand": "Acme",
        "category": "Shirts",
        "tags": ["example", "mens", "t-shirt"],
        "image_url": "https://cdn.example/red.jpg",
        "currency": "EUR",
        "variants": [
            {
                "variant_id": "642667041472713922",
                "sku": None,
                "title": "Small / Red",
                "price": 19.99,
                "compare_at_price": None,
                "barcode": None,
                "image_url": "https://cdn.example/red.jpg",
                "inventory_item_id": "271878346596884015",
                "inventory_quantity": -3,
                "options": {"Size": "Small", "Colour": "Red"},
                "url": None,
                "images": ["https://cdn.example/red.jpg"],
                "inventory_tracked": None,
                "available": None,
                "backorders": None,
                "metafields": {},
            }
        ],
        "categories": ["Shirts"],
        "collections": [],
        "images": ["https://cdn.example/red.jpg"],
        "preorder_at": None,
        "metafields": {},
    }


async def test_the_later_of_update_and_trigger_is_the_version() -> None:
    sink = FakeSink()
    await delivered(sink, "products/update", a_product())
    await delivered(sink, "products/update", a_product(updated_at="2026-10-26T06:13:23Z"))
    await delivered(sink, "products/delete", {"id": PRODUCT_ID})

    triggered = 1_792_995_202_123
    assert [change["occurred_at"] for change in sink.products] == [triggered, 1_792_995_203_000, triggered]


@pytest.mark.parametrize("available", [10, 0, -2, None])
async def test_a_stock_level_may_be_untracked(available: int | None) -> None:
    sink = FakeSink()
    level = {"inventory_item_id": 271878346596884015, "location_id": 24826418, "available": available}

    await delivered(sink, "inventory_levels/update", level | {"updated_at": "2026-10-26T06:13:20Z"})

    (change,) = sink.products
    assert (change["action"], change["product_id"], change["product"]) == ("inventory", "", None)
    assert change["inventory"] == {
        "inventory_item_id": "271878346596884015",
        "location_id": "24826418",
        "available": available,
    }


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated", "orders/partially_fulfilled"])
async def test_an_order_is_the_truth_about_a_purchase(topic: str) -> None:
    sink = FakeSink()
    await delivered(sink, topic, an_order_body())

    (order,) = sink.orders
    assert (order["shop_id"], order["order_id"], order["topic"]) == ("demo", "5396439498987", topic)
    assert order["checkout_token"] == "864ef6919a4214321240c177707a01f7"
    assert (order["customer_id"], order["first_order"], order["status"]) == ("6940095086827", True, "paid")
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


async def test_an_order_made_elsewhere_has_no_token_and_no_customer() -> None:
    sink = FakeSink()
    nothing = dict.fromkeys(("checkout_token", "cart_token", "customer", "client_details", "browser_ip", "email"))
    await delivered(sink, "orders/create", an_order_body(**nothing, line_items=[]))

    (order,) = sink.orders
    assert (order["checkout_token"], order["customer_id"], order["client_ip"]) == (None, None, None)


async def test_an_item_no_longer_stocked_somewhere_has_nothing_left_there() -> None:
    sink = FakeSink()

    await delivered(sink, "inventory_levels/disconnect", {"inventory_item_id": 7, "location_id": 8})

    (change,) = sink.products
    assert change["inventory"] == {"inventory_item_id": "7", "location_id": "8", "available": 0}
    assert change["occurred_at"] == 1_792_995_202_123, "the body has no time: the trigger's counts"


_IGNORED = ("app/uninstalled", "customers/redact", "carts/update", "checkouts/create", "inventory_items/update", "")


@pytest.mark.parametrize("topic", [*_IGNORED, "collections/update"])
async def test_an_authentic_topic_we_do_not_take_is_no_failure(topic: str) -> None:
    sink = FakeSink()

    answer = await delivered(sink, topic, {"id": 1})

    assert (answer.status_code, answer.json()["outcome"]) == (200, "ignored")
    assert (sink.products, sink.orders, sink.rejected) == ([], [], [])


_STOCK = "variants.0.inventory_quantity"


@pytest.mark.parametrize(
    ("topic", "value", "reason", "field"),
    [
        ("products/update", {"shop_id": 5}, "missing_field", "id"),
        ("products/update", {"id": 5}, "missing_field", "variants"),
        ("products/update", a_product(variants=[{"id": 1, "price": {}}]), "wrong_type", "variants.0.price"),
        ("products/update", a_product(variants=[{"id": 1, "price": "cheap"}]), "wrong_type", "variants.0.price"),
        ("products/update", a_product(variants=[{"id": 1, "inventory_quantity": 2**63}]), "bad_value", _STOCK),
        ("products/update", a_product(updated_at="soon"), "bad_value", "updated_at"),
        ("products/update", [], "wrong_type", "body"),
        ("products/delete", {}, "missing_field", "id"),
        ("inventory_levels/update", {"available": 1}, "missing_field", "inventory_item_id"),
        ("orders/create", {"email": "jane.doe@example.com"}, "missing_field", "id"),
        ("orders/create", an_order_body(line_items=[{"quantity": "2"}]), "wrong_type", "line_items.0.quantity"),
    ],
)  # fmt: skip
async def test_an_authentic_body_we_cannot_use_is_kept_and_not_asked_for_again(
    topic: str, value: Any, reason: str, field: str
) -> None:
    sink = FakeSink()

    answer = await delivered(sink, topic, value)

    assert answer.status_code == 200
    assert answer.json() == {"accepted": 0, "rejected": [{"index": 0, "reason": reason, "field": field}]}
    (rejected,) = sink.rejected
    assert json.loads(rejected["payload"]) == value
    assert (rejected["shop_id"], rejected["reason"], rejected["field"]) == ("demo", reason, field)


async def test_an_authentic_body_that_is_no_json_is_refused_and_kept() -> None:
    sink = FakeSink()

    answer = await delivered(sink, "orders/create", b"{")

    assert answer.status_code == 400
    digest = sha256(b"{").hexdigest()
    expected = rejection_id("ingest", "demo", digest, "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", "body")
    assert [each["rejection_id"] for each in sink.rejected] == [expected]


async def test_while_kafka_or_the_shops_are_missing_shopify_is_asked_to_come_again() -> None:
    sink, body = FakeSink(), json.dumps(an_order_body()).encode()
    sink.down = "no broker"
    down = await delivered(sink, "orders/create", body)
    async with calling(a_door(FakeSink(), is_complete=False)) as client:
        unread = await client.post(PATH, content=body, headers=headers_of("orders/create", body))

    assert (down.status_code, unread.status_code) == (503, 503)


async def test_a_product_with_all_its_variants_is_taken() -> None:
    sink = FakeSink()
    variants = [{"id": number, "title": "x" * 100, "price": "1.00", "filler": "y" * 500} for number in range(1, 2049)]

    answer = await delivered(sink, "products/update", a_product(variants=variants))

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert len(sink.bytes[0]) < 1_000_000
