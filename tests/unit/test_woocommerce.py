"""WooCommerce: who is let in, what each webhook becomes, and what is fetched for it."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from connectors.storefronts.calls import Caller, http_client
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.webhooks import PATH, WooCommerce
from deploy.servers.storefronts.woocommerce import WooShop
from streams.rules.catalogs import Catalog
from tests.builders import a_shop
from tests.doors import FakeShops, FakeSink
from tests.storefronts import a_caller, a_storefront_door, a_woo_access, posted
from tests.woo_stage import Stage, a_product, a_variable_product, a_variation, a_woo_shop, headers_of

MODIFIED = 1_792_995_200_000


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOO_KEY", "ck_test")
    monkeypatch.setenv("WOO_SECRET", "cs_test")


async def test_a_simple_product_is_its_own_variant() -> None:
    stage = Stage()

    answer = await stage.told("product.updated", a_product())

    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    change, product = stage.change()
    assert (change["product_id"], change["source"], change["occurred_at"]) == (
        "9007199254740993",
        "woocommerce",
        MODIFIED,
    )
    assert (product["title"], product["status"], product["brand"]) == ("Ship Your Idea – Tee", "active", "Acme")
    assert (product["categories"], product["images"]) == (["Clothing", "T-shirts"], ["https://woo.example/a.jpg"])
    assert product["metafields"] == {"material": "cotton"}
    (variant,) = product["variants"]
    assert (variant["variant_id"], variant["price"], variant["compare_at_price"]) == ("9007199254740993", 15.0, 20.0)
    assert (variant["inventory_quantity"], variant["inventory_tracked"], variant["available"]) == (7, True, True)


async def test_a_product_with_variations_is_completed() -> None:
    stage = Stage()
    stage.api.products[799] = a_variable_product()
    stage.api.variations[799] = [a_variation(), a_variation(id=733, price="-1", regular_price="-1", status="private")]

    await stage.told("product.updated", a_variable_product())

    change, product = stage.change()
    assert change["occurred_at"] == change["received_at"] > MODIFIED
    black, other = product["variants"]
    assert (black["variant_id"], black["options"], black["price"]) == ("732", {"Color": "Black"}, 9.0)
    assert (black["inventory_quantity"], black["image_url"]) == (7, "https://woo.example/black.jpg")
    assert (other["price"], other["available"]) == (None, False)


async def test_a_variation_brings_its_whole_product() -> None:
    stage = Stage()
    stage.api.products[799], stage.api.variations[799] = a_variable_product(), [a_variation()]

    await stage.told("product.updated", a_variation())

    change, product = stage.change()
    assert (change["product_id"], len(product["variants"])) == ("799", 1)


async def test_a_product_that_lost_its_newest_variation_is_not_older_than_before() -> None:
    stage, catalog = Stage(), Catalog()
    stage.api.products[799] = a_variable_product(variations=[731, 732])
    stage.api.variations[799] = [a_variation(id=731, date_modified_gmt="2026-10-26T06:00:00"), a_variation()]
    await stage.told("product.updated", a_variation())
    stage.api.variations[799].pop()
    await stage.told("product.updated", stage.api.products[799])

    assert [catalog.apply(change) for change in stage.sink.products] == [True, True]


async def test_a_date_in_the_future_does_not_outlive_what_comes_next() -> None:
    stage, catalog = Stage(), Catalog()
    await stage.told("product.updated", a_product(date_modified_gmt="2099-01-01T00:00:00"))
    await stage.told("product.deleted", {"id": 9007199254740993})

    assert [catalog.apply(change) for change in stage.sink.products] == [True, True]


async def test_an_edit_of_many_variations_shares_the_fetches_that_wait() -> None:
    stage = Stage()
    stage.api.products[799], stage.api.variations[799] = a_variable_product(), [a_variation()]

    answers = await asyncio.gather(*(stage.told("product.updated", a_variation(id=number)) for number in range(50)))

    assert {answer.json()["outcome"] for answer in answers} == {"accepted"}
    assert len(stage.api.stage.requests) < 30, "not two for each"


async def test_a_shop_whose_api_hangs_holds_up_no_other_and_is_answered_in_time() -> None:
    sink, api, hangs = FakeSink(), WooShop(root="/shop"), asyncio.Event()
    api.products[799], api.variations[799] = a_variable_product(), [a_variation()]

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await hangs.wait()

    caller, never = a_caller(api.app()), Caller(http_client(httpx.ASGITransport(slow)), attempts=1)
    system = WooCommerce(lambda access: WooClient(access, never if "slow" in access["url"] else caller), 0.3)
    other = a_shop(shop_id="slow", woocommerce=a_woo_access(url="https://slow.example"))
    door = a_storefront_door(sink, system, FakeShops(a_woo_shop(), other))

    async def told(number: int, source: str) -> httpx.Response:
        body = json.dumps(a_variation(parent_id=number)).encode()
        headers = headers_of("product.updated", body, **{"x-wc-webhook-source": source})
        return await posted(door, PATH, body, headers)

    waiting = [asyncio.create_task(told(number, "https://slow.example/")) for number in range(1, 9)]
    await asyncio.sleep(0.05)
    answer = await told(799, "https://woo.example/shop/")
    late = await asyncio.wait_for(asyncio.gather(*waiting), 5)
    hangs.set()

    assert answer.json()["outcome"] == "accepted"
    assert [each.status_code for each in late] == [200] * 8
    assert [each["reason"] for each in sink.rejected] == ["not_fetched"] * 8


async def test_a_variation_whose_product_is_gone_deletes_it() -> None:
    stage = Stage()

    await stage.told("product.updated", a_variation())

    assert [(change["product_id"], change["action"]) for change in stage.sink.products] == [("799", "delete")]


async def test_a_deletion_outlives_older_news_and_a_restoration_undoes_it() -> None:
    stage, catalog = Stage(), Catalog()
    await stage.told("product.deleted", {"id": 9007199254740993})
    await stage.told("product.updated", a_product())
    await stage.told("product.restored", a_product())

    assert [catalog.apply(change) for change in stage.sink.products] == [True, False, True]
    assert len(catalog) == 1


async def test_the_ping_is_answered_200_unsigned() -> None:
    stage = Stage()

    answer = await posted(stage.door, PATH, b"webhook_id=17", {"content-type": "application/x-www-form-urlencoded"})

    assert (answer.status_code, answer.json()["outcome"]) == (200, "ping")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"x-wc-webhook-signature": "AAAA"}, 401),
        ({"x-wc-webhook-signature": ""}, 401),
        ({"x-wc-webhook-source": "https://other.example/", "x-wc-webhook-signature": "AAAA"}, 401),
        ({"x-wc-webhook-source": "https://other.example/"}, 404),
        ({"x-wc-webhook-source": "http://WOO.example/shop"}, 200),
    ],
)
async def test_only_the_signed_learn_which_shops_there_are(changes: dict[str, str], status: int) -> None:
    answer = await Stage().told("product.updated", a_product(), **changes)

    assert answer.status_code == status


async def test_deliveries_of_one_second_are_told_apart_and_a_doubled_one_is_taken_once() -> None:
    stage = Stage()
    first = await stage.told("product.updated", a_product())
    other = await stage.told("product.updated", a_product(price="16.00"))
    again = await stage.told("product.updated", a_product())

    assert [each.json()["outcome"] for each in (first, other, again)] == ["accepted", "accepted", "duplicate"]
    assert len(stage.sink.products) == 2


async def test_what_kafka_did_not_take_is_not_remembered_as_taken() -> None:
    stage = Stage()
    stage.sink.down = "no broker"
    refused = await stage.told("product.updated", a_product())
    stage.sink.down = None
    again = await stage.told("product.updated", a_product())

    assert (refused.status_code, again.json()["outcome"]) == (503, "accepted")


@pytest.mark.parametrize("topic", ["order.created", "customer.updated", "action.woocommerce_add_to_cart"])
async def test_a_topic_we_do_not_take_is_no_failure(topic: str) -> None:
    answer = await Stage().told(topic, {"id": 1})

    assert (answer.status_code, answer.json()["outcome"]) == (200, "ignored")


@pytest.mark.parametrize(
    ("value", "status", "reason", "field"),
    [
        (b"{", 400, "bad_json", "body"),
        ({}, 200, "missing_field", "id"),
        (a_product(id="\x00"), 200, "bad_value", "id"),
        (a_product(parent_id="../5", type="variation"), 200, "bad_value", "parent_id"),
        (a_product(price="cheap"), 200, "wrong_type", "price"),
        (a_product(stock_quantity=2**63), 200, "bad_value", "stock_quantity"),
        (a_product(date_modified_gmt="soon"), 200, "bad_value", "date_modified_gmt"),
        ([], 200, "wrong_type", "body"),
    ],
)
async def test_a_body_we_cannot_use_is_kept(value: Any, status: int, reason: str, field: str) -> None:
    stage = Stage()

    answer = await stage.told("product.updated", value)

    assert answer.status_code == status
    assert [(each["reason"], each["field"]) for each in stage.sink.rejected] == [(reason, field)]


async def test_what_cannot_be_fetched_is_kept_for_nobody_sends_it_again() -> None:
    stage = Stage()
    stage.api.stage.fail(503, times=9)

    answer = await stage.told("product.updated", a_variable_product())

    assert answer.status_code == 200
    assert [each["reason"] for each in stage.sink.rejected] == ["not_fetched"]


async def test_an_api_that_is_not_there_deletes_nothing() -> None:
    stage = Stage()
    stage.api.stage.fail(404)

    await stage.told("product.updated", a_variation())

    assert ([each["reason"] for each in stage.sink.rejected], stage.sink.products) == (["not_fetched"], [])


async def test_without_a_key_a_product_with_variations_is_kept_and_a_simple_one_taken() -> None:
    stage = Stage(a_shop(woocommerce=a_woo_access(key_env=None)))

    await stage.told("product.updated", a_variable_product())
    await stage.told("product.updated", a_product())

    assert ([each["reason"] for each in stage.sink.rejected], len(stage.sink.products)) == (["not_fetched"], 1)


async def test_a_product_of_ten_thousand_variations_is_kept_and_not_published() -> None:
    stage = Stage()
    stage.api.products[799] = a_variable_product()
    stage.api.variations[799] = [a_variation(id=number) for number in range(1, 10_001)]

    await stage.told("product.updated", a_variable_product())

    assert ([each["reason"] for each in stage.sink.rejected], stage.sink.products) == (["too_large"], [])
    assert len(stage.api.stage.requests) <= 22, "it gives up early"


async def test_a_description_of_300_kb_is_cut() -> None:
    stage = Stage()

    await stage.told("product.updated", a_product(description="x" * 300_000))

    assert len(stage.change()[1]["description"] or "") == 10_000
