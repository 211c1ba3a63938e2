"""Webhooks that were refused, delivered again: through the same door, signed, and as old as they are."""

import json
import time
from typing import Any

import pytest
from starlette.applications import Starlette

from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.webhooks import BigCommerce
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.webhooks import WooCommerce
from deploy import webhook_replays
from deploy.servers.storefronts.bigcommerce import BigCommerceStore
from deploy.servers.storefronts.woocommerce import WooShop
from schemas.errors import ConfigurationError, TerminalError
from tests.builders import NOON, a_shop
from tests.doors import SECRETS, FakeShops, FakeSink, calling
from tests.shopify_stage import Stage, products
from tests.shopify_webhooks import headers_of
from tests.storefronts import a_bigcommerce_access, a_caller, a_storefront_door, a_woo_access, posted

SHOP = a_shop(woocommerce=a_woo_access(), bigcommerce=a_bigcommerce_access())


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")


async def test_what_was_not_fetched_is_delivered_again_with_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_SECRET_NEXT", "next")
    stage, shop = Stage(products(1)), a_shop(webhook_secret_envs=list(SECRETS))
    stage.api.stage.fail(403)
    await stage.told("inventory_items/update", {"id": 12})
    (kept,) = stage.sink.rejected
    rejection = {"id": kept["rejection_id"], "detail": kept["detail"], "received_seconds": NOON / 1000}

    topic = webhook_replays.topic_of(rejection)
    path, headers = webhook_replays.to_request(rejection, str(topic), kept["payload"], shop)
    async with calling(stage.door) as client:
        answer = await client.post(path, content=kept["payload"], headers=headers)

    assert (topic, answer.json()["outcome"]) == ("inventory_items/update", "accepted")
    (change,) = stage.sink.products
    assert time.time() * 1000 - change["occurred_at"] < 60_000, "as it is now"


def test_a_body_that_tells_all_keeps_the_time_of_its_first_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_SECRET_DEMO", "hush")
    rejection = {"id": "r1", "detail": "webhook products/update; 3000", "received_seconds": NOON / 1000}
    shop = a_shop(webhook_secret_envs=list(SECRETS))

    headers = webhook_replays.to_request(rejection, "products/update", b"{}", shop)[1]

    assert headers["X-Shopify-Triggered-At"] == "2026-10-26T07:33:20.000000Z"
    assert headers["X-Shopify-Hmac-Sha256"] == headers_of("", b"{}")["x-shopify-hmac-sha256"]


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> FakeSink:
    for name, value in {"WOO_WEBHOOK_SECRET": "wc_secret", "WOO_KEY": "ck_test", "WOO_SECRET": "cs_test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BIGCOMMERCE_SECRET", "bc_client_secret_example")
    monkeypatch.setenv("BIGCOMMERCE_TOKEN", "bc_token")
    return FakeSink()


async def _told(door: Starlette, topic: str, content: Any, received_seconds: float) -> dict[str, Any]:
    """Deliver as the command does, of what was refused at *received_seconds*."""
    body = json.dumps(content).encode()
    rejection = {"id": "r1", "received_seconds": received_seconds}
    path, headers = webhook_replays.to_request(rejection, topic, body, SHOP)
    answer: dict[str, Any] = (await posted(door, path, body, headers)).json()
    return answer


async def test_a_woocommerce_product_that_was_not_fetched_is_fetched_as_it_is_now(sink: FakeSink) -> None:
    shop = WooShop(root="/shop", products={7: {"id": 7, "type": "variable", "variations": [71]}})
    shop.variations[7] = [{"id": 71, "parent_id": 7, "price": "9.00"}]
    door = a_storefront_door(sink, WooCommerce(lambda access: WooClient(access, a_caller(shop.app()))), FakeShops(SHOP))
    shop.stage.fail(403)

    refused = await _told(door, "product.updated", shop.products[7], time.time())
    again = await _told(door, "product.updated", shop.products[7], NOON / 1000)

    assert ([each["reason"] for each in refused["rejected"]], again["outcome"]) == (["not_fetched"], "accepted")
    assert webhook_replays.topic_of({"detail": sink.rejected[0]["detail"]}) == "product.updated"
    (change,) = sink.products
    assert (change["product_id"], change["occurred_at"] > NOON) == ("7", True)


async def test_a_deletion_is_as_old_as_when_it_first_came(sink: FakeSink) -> None:
    woo = a_storefront_door(
        sink, WooCommerce(lambda access: WooClient(access, a_caller(WooShop().app()))), FakeShops(SHOP)
    )
    big = a_storefront_door(sink, BigCommerce(lambda access: pytest.fail("nothing to fetch")), FakeShops(SHOP))

    await _told(woo, "product.deleted", {"id": 7}, NOON / 1000)
    deleted = {"scope": "store/product/deleted", "data": {"id": 8}, "producer": "stores/abcde"}
    await _told(big, "store/product/deleted", deleted, NOON / 1000)
    ahead = await _told(big, "store/product/deleted", deleted | {"hash": "2"}, time.time() + 86_400)

    told = [(each["product_id"], each["action"], each["occurred_at"]) for each in sink.products[:2]]
    assert told == [("7", "delete", NOON), ("8", "delete", NOON)]
    assert ahead["outcome"] == "accepted"
    assert sink.products[2]["occurred_at"] < time.time() * 1000 + 1000, "of a time to come it is not believed"


async def test_a_bigcommerce_product_that_was_refused_is_fetched_again(sink: FakeSink) -> None:
    store = BigCommerceStore(products={205: {"id": 205, "name": "Jar", "price": 7.95}})
    caller = a_caller(store.app())
    door = a_storefront_door(sink, BigCommerce(lambda access: BigCommerceClient(access, caller)), FakeShops(SHOP))
    callback = {"scope": "store/product/updated", "data": {"type": "product", "id": 205}, "producer": "stores/abcde"}
    store.stage.fail(401)

    refused = await _told(door, "store/product/updated", callback, time.time())
    again = await _told(door, "store/product/updated", callback, NOON / 1000)

    assert ([each["reason"] for each in refused["rejected"]], again["outcome"]) == (["not_fetched"], "accepted")
    assert sink.products[0]["occurred_at"] > NOON


@pytest.mark.parametrize(
    "topic", ["store/product/updated", "product.updated", "products/update\nx: y", "app/uninstalled"]
)
def test_a_topic_of_a_system_that_the_shop_does_not_have_is_not_delivered(topic: str) -> None:
    rejection = {"id": "r1", "detail": f"webhook {topic}; 401", "received_seconds": NOON / 1000}

    with pytest.raises(TerminalError, match="demo is not configured for"):
        webhook_replays.to_request(rejection, topic, b"{}", a_shop())


def test_a_secret_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SECRETS, "WOO_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(ConfigurationError, match="SHOPIFY_SECRET_DEMO or SHOPIFY_SECRET_NEXT is not set"):
        webhook_replays.to_request({"id": "r1"}, "products/update", b"", a_shop(webhook_secret_envs=list(SECRETS)))
    with pytest.raises(ConfigurationError, match="WOO_WEBHOOK_SECRET is not set"):
        webhook_replays.to_request({"id": "r1"}, "product.updated", b"", SHOP)
    assert webhook_replays.topic_of({"detail": None}) is None
