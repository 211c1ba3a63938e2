"""Variations that WooCommerce deletes: what it sends of it names them alone, or nothing at all."""

import json
from datetime import UTC, datetime

import pytest

from connectors.woocommerce.wholes import MOST_RECENT
from tests.woo_stage import Stage, a_product, a_variable_product, a_variation

GONE = {"action": "woocommerce_delete_product_variation", "arg": 732}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOO_KEY", "ck_test")
    monkeypatch.setenv("WOO_SECRET", "cs_test")


def a_stage(*product_ids: int, saved: str = "") -> Stage:
    """A shop of products that have lost the variation 732, *saved* now."""
    stage = Stage()
    saved = saved or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for product_id in product_ids:
        stage.api.products[product_id] = a_variable_product(id=product_id, variations=[731], date_modified_gmt=saved)
        stage.api.variations[product_id] = [a_variation(id=731, parent_id=product_id)]
    stage.api.products[5] = a_product(id=5, date_modified_gmt=saved)
    return stage


async def test_a_variation_in_the_bin_brings_its_product_without_it() -> None:
    stage = a_stage(799)
    stage.api.products[732] = a_variation(status="trash")

    await stage.told("product.deleted", {"id": 732})

    change, product = stage.change()
    assert (change["product_id"], change["action"]) == ("799", "upsert")
    assert [each["variant_id"] for each in product["variants"]] == ["731"]


async def test_a_product_in_the_bin_is_not_brought_back_by_its_variations_there() -> None:
    stage = a_stage(799)
    stage.api.products[799]["status"] = "trash"
    stage.api.products[732] = a_variation(status="trash")

    for number in (799, 732):
        await stage.told("product.deleted", {"id": number})

    assert [(each["product_id"], each["action"]) for each in stage.sink.products] == [("799", "delete")] * 2


@pytest.mark.parametrize("status", [500, 401])
async def test_a_deletion_is_believed_where_nobody_can_be_asked(status: int) -> None:
    stage = a_stage(799)
    stage.api.stage.fail(status, times=3)

    await stage.told("product.deleted", {"id": 799})

    assert [(each["product_id"], each["action"]) for each in stage.sink.products] == [("799", "delete")]


@pytest.mark.parametrize("done", ["before_delete", "delete", "trash"])
async def test_an_action_about_a_variation_brings_the_products_that_were_saved_with_it(done: str) -> None:
    stage = a_stage(799)
    stage.api.products[800] = a_variable_product(id=800)

    answer = await stage.told(f"action.woocommerce_{done}_product_variation", GONE)

    change, product = stage.change()
    assert (answer.json()["outcome"], change["product_id"], change["action"]) == ("accepted", "799", "upsert")
    assert [each["variant_id"] for each in product["variants"]] == ["731"]


async def test_a_product_that_lost_its_last_variation_is_as_new_as_when_it_was_asked_for() -> None:
    stage = a_stage(799)
    stage.api.products[799] |= {"variations": []}

    await stage.told("action.woocommerce_delete_product_variation", GONE)

    change, product = stage.change()
    assert change["occurred_at"] == change["received_at"]
    assert [(each["variant_id"], each["price"]) for each in product["variants"]] == [("799", None)]


@pytest.mark.parametrize("products", [0, MOST_RECENT + 1])
async def test_more_products_than_can_be_fetched_or_none_are_left_to_a_pull(products: int) -> None:
    stage = a_stage(*range(800, 800 + products))

    await stage.told("action.woocommerce_delete_product_variation", GONE)

    (kept,) = stage.sink.rejected
    assert (kept["reason"], json.loads(kept["payload"])) == ("not_fetched", GONE)
    assert stage.sink.products == []


async def test_an_action_that_names_nothing_is_kept() -> None:
    stage = a_stage(799)

    await stage.told("action.woocommerce_delete_product_variation", {"action": "x"})

    assert [each["field"] for each in stage.sink.rejected] == ["arg"]
