"""Shopify's webhooks that were refused, delivered again: through the same door, signed, and as old as they are."""

import time

import pytest

from deploy import webhook_replays
from schemas.errors import ConfigurationError, TerminalError
from tests.builders import NOON, a_shop
from tests.doors import SECRETS, calling
from tests.shopify_stage import Stage, products
from tests.shopify_webhooks import headers_of


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

    assert headers["X-Shopify-Triggered-At"] == "2026-10-26T07:33:20Z"
    assert headers["X-Shopify-Hmac-Sha256"] == headers_of("", b"{}")["x-shopify-hmac-sha256"]


@pytest.mark.parametrize(
    "topic", ["store/product/updated", "product.updated", "products/update\nx: y", "app/uninstalled"]
)
def test_only_shopifys_webhooks_are_delivered_again(topic: str) -> None:
    rejection = {"id": "r1", "detail": f"webhook {topic}; 401", "received_seconds": NOON / 1000}

    with pytest.raises(TerminalError, match="only Shopify's are replayed"):
        webhook_replays.to_request(rejection, topic, b"{}", a_shop())


def test_a_secret_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(ConfigurationError, match="SHOPIFY_SECRET_DEMO or SHOPIFY_SECRET_NEXT is not set"):
        webhook_replays.to_request({"id": "r1"}, "products/update", b"", a_shop(webhook_secret_envs=list(SECRETS)))
    assert webhook_replays.topic_of({"detail": None}) is None
