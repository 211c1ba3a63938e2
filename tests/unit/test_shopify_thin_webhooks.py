"""Shopify's webhooks that name no product: the stand-in's Admin API says which it is, and what became of it."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from connectors.shopify.thin import NAMES
from connectors.shopify.wholes import TOGETHER
from tests.shopify_stage import COLLECTION, Stage, more_of, products
from tests.unit.test_shopify_bulk import gid

TRIGGERED = 1_792_995_202_123


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")


@pytest.mark.parametrize("topic", ["inventory_items/create", "inventory_items/update"])
async def test_of_an_inventory_item_the_whole_product_is_fetched(topic: str) -> None:
    stage = Stage(products(3))

    answer = await stage.told(topic, {"id": 22, "sku": "TEE-R", "tracked": True})

    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    ((change, product),) = stage.changes().values()
    assert (change["product_id"], change["action"], change["delivery_id"]) == (
        "20",
        "upsert",
        "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    )
    assert change["occurred_at"] == TRIGGERED, "later than the product's updatedAt"
    assert (product["collections"], product["metafields"]) == (["Summer"], {"custom.material": "cotton"})
    assert [(each["inventory_tracked"], each["inventory_quantity"]) for each in product["variants"]] == [(True, -2)]


@pytest.mark.parametrize("topic", ["collections/create", "collections/update"])
async def test_of_a_collection_all_120_products_are_fetched_with_all_their_parts(topic: str) -> None:
    stage = Stage(products(120) + more_of(500, 400))

    answer = await stage.told(topic, {"id": COLLECTION, "admin_graphql_api_id": gid("Collection", COLLECTION)})

    assert (answer.status_code, answer.json()["outcome"], stage.refusals()) == (200, "accepted", [])
    told = stage.changes()
    assert sorted(map(int, told)) == list(range(10, 1210, 10))
    assert {str(product["collections"]) for _, product in told.values()} == {"['Summer']"}
    large = told["500"][1]
    assert [len(large["variants"]), len(large["images"]), len(large["metafields"])] == [401, 10, 31]
    assert len({each["variant_id"] for each in large["variants"]}) == 401
    assert len(stage.api.stage.requests) < 1 + 120 / TOGETHER + 10


async def test_a_product_that_is_gone_is_left_out_and_a_thing_that_is_gone_is_no_failure() -> None:
    lines = products(3)
    stage = Stage([line for line in lines if line["id"] != gid("Product", 20)])

    await stage.told("collections/update", {"id": COLLECTION})
    gone = [await stage.told(topic, {"id": 99}, **{"x-shopify-webhook-id": topic}) for topic in NAMES]

    assert sorted(stage.changes()) == ["10", "30"]
    assert ([each.json()["outcome"] for each in gone], stage.refusals()) == (["ignored"] * len(NAMES), [])


async def test_a_delivery_that_comes_twice_is_fetched_once() -> None:
    stage = Stage(products(1))

    outcomes = [(await stage.told("inventory_items/update", {"id": 12})).json()["outcome"] for _ in range(2)]

    assert (outcomes, len(stage.sink.products)) == (["accepted", "duplicate"], 1)


async def test_one_product_that_cannot_be_read_is_named_and_the_others_are_taken() -> None:
    lines = products(3)
    next(line for line in lines if line["id"] == gid("ProductVariant", 21))["price"] = "cheap"
    stage = Stage(lines)

    await stage.told("collections/update", {"id": COLLECTION})

    assert sorted(stage.changes()) == ["10", "30"]
    assert stage.refusals() == [("wrong_type", "price", f"webhook collections/update; {gid('Product', 20)}")]


async def test_nobody_knows_what_was_in_a_collection_that_is_gone() -> None:
    stage = Stage(products(1))

    answer = await stage.told("collections/delete", {"id": COLLECTION})

    assert (answer.status_code, stage.api.stage.requests) == (200, [])
    ((reason, field, detail),) = stage.refusals()
    assert (reason, field) == ("not_fetched", "collection")
    assert detail.endswith("pull the whole shop")


async def test_an_item_that_is_gone_goes_with_its_variant_which_another_webhook_tells() -> None:
    stage = Stage(products(1))

    answer = await stage.told("inventory_items/delete", {"id": 12})

    assert (answer.json()["outcome"], stage.api.stage.requests) == ("ignored", [])


@pytest.mark.parametrize("value", [{}, {"id": "../1"}, {"id": None}, [], {"id": "12/x"}])
async def test_a_body_without_a_number_is_kept_and_asks_nobody(value: Any) -> None:
    stage = Stage(products(1))

    await stage.told("inventory_items/update", value)

    assert (len(stage.refusals()), stage.api.stage.requests) == (1, [])


async def test_a_forged_signature_asks_nobody() -> None:
    stage = Stage(products(1))

    answer = await stage.told("collections/update", {"id": COLLECTION}, **{"x-shopify-hmac-sha256": "Zm9yZ2Vk"})

    assert (answer.status_code, stage.api.stage.requests, stage.refusals()) == (401, [], [])


async def test_items_of_one_product_share_the_fetches_that_wait() -> None:
    stage = Stage(products(1) + more_of(10, 60))
    stage.api.delay_seconds = 0.002
    for number, line in enumerate(each for each in stage.api.lines if "/ProductVariant/" in each["id"]):
        line["inventoryItem"] = {"id": gid("InventoryItem", 100 + number), "tracked": True}
    deliveries = [(100 + number, {"x-shopify-webhook-id": f"d{number}"}) for number in range(60)]

    answers = await asyncio.gather(
        *(stage.told("inventory_items/update", {"id": item}, **header) for item, header in deliveries)
    )

    assert Counter(each.json()["outcome"] for each in answers) == {"accepted": 60}
    assert len(stage.api.stage.requests) < 60 + 30 * 2, "the product has two pages"
    assert {len(each["product"]["variants"]) for each in stage.sink.products if each["product"]} == {61}
