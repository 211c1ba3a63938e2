"""Shopify's product webhooks, which leave out collections and metafields: what a pull had brought stays."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from connectors.meta.catalog import filters
from connectors.shopify.bulk import assembled, to_product_change
from deploy import webhook_replays
from schemas.records import Product
from tests.builders import NOON, a_shop
from tests.doors import SECRETS, calling
from tests.listed import a_catalog
from tests.shopify_stage import COLLECTION, Lines, Stage, more_of, products
from tests.shopify_webhooks import a_product
from tests.unit.test_shopify_bulk import gid

SUMMER = a_catalog(include={"collections": ["Summer"]})
MATERIAL = a_catalog(fields={"material": {"sources": ["metafield:custom.material"]}})


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")


def a_body(stock: int = 3, number: int = 10, **changes: Any) -> dict[str, Any]:
    """What a webhook says of a product of the stage's shop."""
    body = a_product(id=number, admin_graphql_api_id=gid("Product", number), **changes)
    return body | {"variants": [each | {"inventory_quantity": stock} for each in body["variants"]]}


async def told(stage: Stage, body: Any, topic: str = "products/update", *, ago: float = 0.0) -> str:
    """Deliver a webhook of a change that was so many seconds *ago*; returns what became of it."""
    triggered = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()
    headers = {"x-shopify-webhook-id": str(uuid4()), "x-shopify-triggered-at": triggered}
    answer = await stage.told(topic, body, **headers)
    assert answer.status_code == 200
    return str(answer.json().get("outcome") or answer.json()["rejected"][0]["reason"])


def latest(stage: Stage) -> Product:
    product = stage.sink.products[-1]["product"]
    assert product is not None
    return product


def renamed(lines: Lines, collection: str, material: str) -> Lines:
    changed = {"/Collection/": {"title": collection}, "/Metafield/": {"value": material}}
    return [line | next((to for kind, to in changed.items() if kind in line["id"]), {}) for line in lines]


@pytest.mark.parametrize("catalog", [SUMMER, MATERIAL])
@pytest.mark.parametrize("topic", ["products/create", "products/update"])
async def test_an_update_after_a_pull_keeps_collections_and_metafields(topic: str, catalog: Any) -> None:
    stage = Stage(products(1) + more_of(10, 30), catalogs=[catalog])
    (objects,) = assembled(map(orjson.dumps, stage.api.lines))
    pulled = to_product_change(objects, a_shop(), NOON)["product"]
    assert pulled is not None

    answer = await stage.told(topic, a_body())

    assert answer.json()["outcome"] == "accepted"
    (change,) = stage.sink.products
    assert change["occurred_at"] == 1_792_995_202_123, "the webhook's version"
    assert (latest(stage)["title"], latest(stage)["collections"]) == ("Example T-Shirt", pulled["collections"])
    assert (len(latest(stage)["metafields"]), latest(stage)["metafields"]) == (31, pulled["metafields"])
    assert filters.of_product(latest(stage), catalog) is None
    assert len(stage.api.stage.requests) == 2, "the metafields have two pages"


async def test_a_flood_of_200_orders_of_one_product_asks_once() -> None:
    stage = Stage(products(1), catalogs=[SUMMER])

    outcomes = Counter([await told(stage, a_body(stock)) for stock in range(200, 0, -1)])

    assert (outcomes, len(stage.api.stage.requests)) == ({"accepted": 200}, 1)
    assert {str(each["product"]["collections"]) for each in stage.sink.products if each["product"]} == {"['Summer']"}


async def test_a_flood_of_200_updates_that_say_nothing_new_asks_ten_times() -> None:
    stage = Stage(products(1), catalogs=[SUMMER])

    outcomes = Counter([await told(stage, a_body()) for _ in range(200)])

    assert (outcomes, len(stage.api.stage.requests)) == ({"accepted": 200}, 10)
    assert latest(stage)["collections"] == ["Summer"]


async def test_200_updates_at_once_share_their_questions() -> None:
    stage = Stage(products(1), catalogs=[SUMMER])
    stage.api.delay_seconds = 0.1

    outcomes = Counter(await asyncio.gather(*(told(stage, a_body(stock)) for stock in range(200))))

    assert (outcomes, len(stage.api.stage.requests) < 40) == ({"accepted": 200}, True)


async def test_what_may_come_of_a_metafield_is_asked_for() -> None:
    stage = Stage(products(1), catalogs=[MATERIAL])
    await told(stage, a_body())
    stage.api.lines = renamed(products(1), "Summer", "wool")

    await told(stage, a_body())
    again = latest(stage)["metafields"]
    stage.api.lines = renamed(products(1), "Summer", "silk")
    await told(stage, a_body(stock=2, title="Silk shirt"))

    assert (again, latest(stage)["metafields"]) == ({"custom.material": "wool"}, {"custom.material": "silk"})


async def test_what_comes_late_of_a_time_before_the_last_question_asks_nobody() -> None:
    stage = Stage(products(1), catalogs=[SUMMER])

    outcomes = [await told(stage, a_body(title=title), ago=3600) for title in "abc"]

    assert (outcomes, len(stage.api.stage.requests)) == (["accepted"] * 3, 1)
    assert latest(stage)["collections"] == ["Summer"]


@pytest.mark.parametrize("trouble", [{"token": "another"}, {"throttled": 99}, {"delay_seconds": 30.0}])
async def test_while_the_api_is_gone_what_is_remembered_counts_however_old(trouble: dict[str, Any]) -> None:
    stage = Stage(products(2), patience_seconds=0.1, catalogs=[SUMMER])
    await told(stage, a_body())
    for name, value in trouble.items():
        setattr(stage.api, name, value)

    outcomes = [await told(stage, a_body(title="New")), await told(stage, a_body(number=20))]

    assert outcomes == ["accepted", "not_fetched"]
    assert (len(stage.sink.products), latest(stage)["title"]) == (2, "New")
    assert (latest(stage)["collections"], latest(stage)["metafields"]) == (["Summer"], {"custom.material": "cotton"})
    assert [(reason, field) for reason, field, _ in stage.refusals()] in (
        [("not_fetched", "product")], [("not_fetched", "status")]
    )  # fmt: skip


async def test_what_was_missed_while_the_api_was_gone_is_asked_for_with_the_next_order() -> None:
    stage = Stage(products(1), catalogs=[MATERIAL])
    await told(stage, a_body())
    stage.api.stage.fail(403)
    await told(stage, a_body(title="Wool shirt"))
    stage.api.lines = renamed(products(1), "Summer", "wool")

    await told(stage, a_body(stock=2, title="Wool shirt"))

    assert latest(stage)["metafields"] == {"custom.material": "wool"}


async def test_what_could_not_be_completed_can_be_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_SECRET_DEMO", "hush")
    stage = Stage(products(1), catalogs=[SUMMER])
    stage.api.stage.fail(403)
    await told(stage, a_body())
    (kept,) = stage.sink.rejected
    rejection = {"id": kept["rejection_id"], "detail": kept["detail"], "received_seconds": kept["received_at"] / 1000}

    topic = str(webhook_replays.topic_of(rejection))
    shop = a_shop(webhook_secret_envs=list(SECRETS))
    path, headers = webhook_replays.to_request(rejection, topic, kept["payload"], shop)
    async with calling(stage.door) as client:
        answer = await client.post(path, content=kept["payload"], headers=headers)

    assert (topic, answer.json()["outcome"]) == ("products/update", "accepted")
    assert latest(stage)["collections"] == ["Summer"]
    assert 0 <= kept["received_at"] - stage.sink.products[0]["occurred_at"] < 1000, "as old as its first delivery"


@pytest.mark.parametrize(
    "settings", [{}, {"catalogs": [a_catalog(include={"tags": ["a"]})]}, {"catalogs": [SUMMER], "shopify": None}]
)
async def test_a_shop_without_need_or_token_asks_nothing(settings: dict[str, Any]) -> None:
    stage = Stage(products(1), **settings)

    outcome = await told(stage, a_body())

    assert (outcome, stage.api.stage.requests) == ("accepted", [])
    assert (latest(stage)["collections"], latest(stage)["metafields"]) == ([], {})


async def test_a_change_of_a_collection_is_remembered() -> None:
    stage = Stage(products(1), catalogs=[SUMMER])
    await told(stage, a_body())
    stage.api.lines = renamed(products(1), "Winter", "cotton")

    await told(stage, {"id": COLLECTION}, "collections/update")
    stage.api.token = "another"
    outcome = await told(stage, a_body())

    assert (outcome, latest(stage)["title"]) == ("accepted", "Example T-Shirt")
    assert latest(stage)["collections"] == ["Winter"], "as it was when the collection changed"


@pytest.mark.parametrize("topic", ["collections/update", "collections/delete"])
async def test_after_a_collection_has_changed_an_order_asks_for_what_left_it(topic: str) -> None:
    stage = Stage(products(1), catalogs=[SUMMER])
    await told(stage, a_body(3))
    stage.api.lines = [line for line in products(1) if "/Collection/" not in line["id"]]

    await told(stage, {"id": COLLECTION}, topic)
    await told(stage, a_body(2))
    await told(stage, a_body(1))

    assert [each["product"]["collections"] for each in stage.sink.products if each["product"]] == [["Summer"], [], []]


async def test_a_product_that_is_gone_passes_and_is_not_remembered_as_having_none() -> None:
    stage = Stage([], catalogs=[SUMMER])

    await told(stage, a_body(3))
    stage.api.lines = products(1)
    await told(stage, a_body(2))

    assert [each["product"]["collections"] for each in stage.sink.products if each["product"]] == [[], ["Summer"]]
