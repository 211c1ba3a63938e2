"""Shopify's webhooks that name no product, while the Admin API stalls, refuses, or Kafka is away."""

import asyncio
import time
from typing import Any

import httpx
import orjson
import pytest

from connectors.shopify.admin import AdminClient
from connectors.shopify.thin import ThinTopics
from connectors.shopify.wholes import MOST_MEMBERS
from connectors.storefronts.calls import Caller, http_client
from deploy.servers.storefronts.shopify import ShopifyShop
from tests.builders import a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling
from tests.shopify_stage import COLLECTION, Stage, products
from tests.shopify_webhooks import PATH, headers_of
from tests.storefronts import a_caller, a_shopify_access


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")


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
        ({"token": "another"}, "the shop's API refused the key or token with 401"),
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


async def test_while_kafka_is_away_shopify_is_asked_to_come_again() -> None:
    stage = Stage(products(2))
    stage.sink.down = "no broker"

    answer = await stage.told("collections/update", {"id": COLLECTION})
    stage.sink.down = None
    again = await stage.told("collections/update", {"id": COLLECTION})

    assert (answer.status_code, again.json()["outcome"], len(stage.changes())) == (503, "accepted", 2)


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
