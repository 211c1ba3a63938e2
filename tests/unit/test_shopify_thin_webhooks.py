"""Shopify's webhooks that name no product: the stand-in's Admin API says which it is, and what became of it."""

import asyncio
import time
from collections import Counter
from typing import Any

import httpx
import orjson
import pytest

from connectors.shopify.admin import AdminClient
from connectors.shopify.thin import NAMES, ThinTopics
from connectors.shopify.wholes import MOST_MEMBERS, TOGETHER
from connectors.storefronts.calls import Caller, http_client
from deploy.servers.storefronts.shopify import ShopifyShop
from schemas.records import Product, ProductChange, Shop
from tests.builders import a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling
from tests.storefronts import Naps, a_caller, a_shopify_access
from tests.unit.test_shopify_bulk import a_product, gid, lines_of
from tests.unit.test_shopify_webhooks import PATH, headers_of

COLLECTION = 2
TRIGGERED = 1_792_995_202_123
Lines = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")


def products(count: int) -> Lines:
    """So many products, all in collection 2; the item of product n is n + 2."""
    return lines_of(*(a_product(number) for number in range(10, 10 + 10 * count, 10)))


def more_of(product_id: int, parts: int) -> Lines:
    """So many variants, images and metafields of a product, beside what it has."""
    parent = {"__parentId": gid("Product", product_id)}
    numbers = range(1000, 1000 + parts)
    variants = [{"id": gid("ProductVariant", each), "title": f"v{each}", "price": "5.00"} | parent for each in numbers]
    images = [
        {"id": gid("ProductImage", each), "url": f"https://cdn.example/{each}.jpg"} | parent for each in numbers[:9]
    ]
    fields = {"namespace": "custom", "value": "x"}
    metafields = [{"id": gid("Metafield", each), "key": f"k{each}"} | fields | parent for each in numbers[:30]]
    return variants + images + metafields


class Stage:
    """A door, and the shop whose API completes what comes in."""

    def __init__(self, lines: Lines, *, patience_seconds: float = 3.5, **access: Any) -> None:
        self.sink, self.api, self.naps = FakeSink(), ShopifyShop(lines=lines), Naps()
        caller = a_caller(self.api.app(), self.naps)

        def connect(shop: Shop) -> AdminClient:
            return AdminClient(shop, caller, sleep=self.naps)

        shop = a_shop(webhook_secret_envs=list(SECRETS), shopify=a_shopify_access(**access))
        self.door = a_door(self.sink, shop, thin=ThinTopics(connect, patience_seconds=patience_seconds))

    async def told(self, topic: str, value: Any, **headers: str) -> httpx.Response:
        body = orjson.dumps(value)
        async with calling(self.door) as client:
            return await client.post(PATH, content=body, headers=headers_of(topic, body, **headers))

    def changes(self) -> dict[str, tuple[ProductChange, Product]]:
        told = {each["product_id"]: (each, each["product"]) for each in self.sink.products if each["product"]}
        assert len(told) == len(self.sink.products)
        return told

    def refusals(self) -> list[tuple[str, str | None, str]]:
        return [(each["reason"], each["field"], str(each["detail"])) for each in self.sink.rejected]


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


async def test_an_api_that_stalls_costs_the_shop_no_subscription_and_is_kept() -> None:
    stage, body = Stage(products(1), patience_seconds=0.05), {"id": 12, "sku": "TEE-R"}
    stage.api.delay_seconds = 30
    began = time.monotonic()

    stalled = await stage.told("inventory_items/update", body)
    took = time.monotonic() - began
    stage.api.delay_seconds = 0
    again = await stage.told("inventory_items/update", body)

    assert (stalled.status_code, took < 2) == (200, True)
    assert stalled.json()["rejected"] == [{"index": 0, "reason": "not_fetched", "field": "product"}]
    (kept,) = stage.sink.rejected
    assert orjson.loads(kept["payload"]) == body
    assert str(kept["detail"]).startswith("webhook inventory_items/update; it takes too long")
    assert again.json()["outcome"] == "accepted", "what was refused is no duplicate when it is replayed"


async def test_of_a_collection_that_takes_too_long_what_came_in_time_is_taken() -> None:
    stage = Stage(products(60), patience_seconds=0.3)
    stage.api.delay_seconds = 0.1  # one for the members, and then 3 of 12 at a time

    answer = await stage.told("collections/update", {"id": COLLECTION})

    assert answer.json()["rejected"] == [{"index": 0, "reason": "not_fetched", "field": "product"}]
    assert 0 < len(stage.changes()) < 60


@pytest.mark.parametrize(("restore_rate", "naps"), [(100.0, [2.0, 2.0]), (1000.0, [0.2, 0.2]), (0.0, [2.0, 2.0])])
async def test_a_throttled_answer_is_waited_for_as_long_as_the_bucket_takes(
    restore_rate: float, naps: list[float]
) -> None:
    stage = Stage(products(1))
    stage.api.throttled, stage.api.restore_rate = 2, restore_rate

    answer = await stage.told("inventory_items/update", {"id": 12})

    assert (answer.json()["outcome"], stage.naps.taken) == ("accepted", naps)


@pytest.mark.parametrize(
    ("trouble", "detail"),
    [
        ({"token": "another"}, "401"),
        ({"throttled": 99}, "the shop's API is throttled"),
        ({"lines": products(300)}, f"more than {MOST_MEMBERS} products: pull the whole shop"),
    ],
)
async def test_what_the_api_does_not_give_is_kept_and_not_asked_for_again(trouble: dict[str, Any], detail: str) -> None:
    stage = Stage(products(1))
    for name, value in trouble.items():
        setattr(stage.api, name, value)

    answer = await stage.told("collections/update", {"id": COLLECTION})

    assert answer.status_code == 200
    ((reason, _, told),) = stage.refusals()
    assert (reason, told) == ("not_fetched", f"webhook collections/update; {detail}")
    assert stage.sink.products == []


async def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPIFY_TOKEN")
    stage = Stage(products(1))

    await stage.told("inventory_items/update", {"id": 12})

    assert stage.refusals()[0][2].endswith("shopify.token_env: SHOPIFY_TOKEN is not set")


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b'{"data": {}}', b'{"data": {"inventoryItem": 5}}', b'{"errors": "no"}']
)
async def test_an_answer_of_another_shape_is_kept_as_not_fetched(answer: bytes) -> None:
    sink, shop = FakeSink(), a_shop(webhook_secret_envs=list(SECRETS), shopify=a_shopify_access())
    caller = Caller(http_client(httpx.MockTransport(lambda request: httpx.Response(200, content=answer))))
    body = b'{"id":12}'
    async with calling(a_door(sink, shop, thin=ThinTopics(lambda each: AdminClient(each, caller)))) as client:
        told = await client.post(PATH, content=body, headers=headers_of("inventory_items/update", body))

    assert (told.status_code, [each["reason"] for each in sink.rejected]) == (200, ["not_fetched"])


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


async def test_while_kafka_is_away_shopify_is_asked_to_come_again() -> None:
    stage = Stage(products(2))
    stage.sink.down = "no broker"

    answer = await stage.told("collections/update", {"id": COLLECTION})
    stage.sink.down = None
    again = await stage.told("collections/update", {"id": COLLECTION})

    assert (answer.status_code, again.json()["outcome"], len(stage.changes())) == (503, "accepted", 2)


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


async def test_a_shop_that_stalls_does_not_hold_up_another() -> None:
    slow, quick = ShopifyShop(lines=products(1), delay_seconds=30), ShopifyShop(lines=products(1))
    apis = {"slow.myshopify.com": a_caller(slow.app()), "quick.myshopify.com": a_caller(quick.app())}
    shops = [
        a_shop(
            shop_id=domain[:4], domains=[domain], webhook_secret_envs=list(SECRETS), shopify=a_shopify_access(),
            write_keys=[domain],
        )
        for domain in apis
    ]  # fmt: skip
    sink = FakeSink()
    thin = ThinTopics(lambda shop: AdminClient(shop, apis[shop["domains"][0]]), patience_seconds=0.5)
    door = a_door(sink, *shops, thin=thin)

    async def told(domain: str, number: int) -> str:
        named = {"x-shopify-shop-domain": domain, "x-shopify-webhook-id": f"{number}"}
        async with calling(door) as client:
            body = b'{"id":%d}' % number
            answer = await client.post(PATH, content=body, headers=headers_of("inventory_items/update", body, **named))
        return str(answer.json().get("outcome"))

    outcomes = await asyncio.gather(
        *(told("slow.myshopify.com", number) for number in range(1, 10)), told("quick.myshopify.com", 12)
    )

    assert outcomes == ["None"] * 9 + ["accepted"]
    assert {each["reason"] for each in sink.rejected} == {"not_fetched"}
