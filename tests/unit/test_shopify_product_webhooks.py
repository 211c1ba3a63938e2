"""Shopify's webhooks of products and stock: what becomes of each body, and its version."""

import pytest

from tests.doors import FakeSink
from tests.shopify_webhooks import PRODUCT_ID, a_product, delivered


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
    await delivered(sink, "products/update", a_product(updated_at="2099-10-26T06:13:23Z"))

    triggered = 1_792_995_202_123
    *changes, of_a_time_to_come = sink.products
    assert [change["occurred_at"] for change in changes] == [triggered, 1_792_995_203_000, triggered]
    assert of_a_time_to_come["occurred_at"] == of_a_time_to_come["received_at"]


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


async def test_an_item_no_longer_stocked_somewhere_has_nothing_left_there() -> None:
    sink = FakeSink()

    await delivered(sink, "inventory_levels/disconnect", {"inventory_item_id": 7, "location_id": 8})

    (change,) = sink.products
    assert change["inventory"] == {"inventory_item_id": "7", "location_id": "8", "available": 0}
    assert change["occurred_at"] == 1_792_995_202_123, "the body has no time: the trigger's counts"


async def test_a_product_with_all_its_variants_is_taken() -> None:
    sink = FakeSink()
    variants = [{"id": number, "title": "x" * 100, "price": "1.00", "filler": "y" * 500} for number in range(1, 2049)]

    answer = await delivered(sink, "products/update", a_product(variants=variants))

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert len(sink.bytes[0]) < 1_000_000
