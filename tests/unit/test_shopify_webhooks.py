"""Shopify's webhooks: who is let in, what becomes of what cannot be used, and what a stranger learns."""

import json
from hashlib import sha256
from typing import Any

import pytest

from connectors.shopify.signatures import is_signed
from schemas.identifiers import rejection_id
from tests.builders import a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling
from tests.shopify_webhooks import PATH, PRODUCT_ID, a_product, an_order_body, delivered, headers_of, signature


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
