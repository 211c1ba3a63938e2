"""The stand-ins of shop systems with products of their own: pulled like real ones, and changed as merchants do."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from connectors.shopify.admin import AdminClient
from connectors.shopify.thin import ThinTopics
from deploy.pulling import Start
from deploy.servers.storefronts import samples, shopify_queries
from deploy.servers.storefronts.bigcommerce import BigCommerceStore
from deploy.servers.storefronts.deliveries import signed_headers
from deploy.servers.storefronts.shopify import ShopifyShop
from deploy.servers.storefronts.shopify_control import ShopifyControl
from deploy.servers.storefronts.woocommerce import WooShop
from schemas.records import ProductChange
from tests.builders import NOON, a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling
from tests.listed import a_catalog
from tests.storefronts import a_bigcommerce_access, a_caller, a_shopify_access, a_woo_access
from tests.unit.test_pulling import a_source

AT = datetime.fromtimestamp(NOON / 1000, UTC)
TOKENS = {"SHOPIFY_TOKEN": "shpat_test", "WOO_KEY": "ck_test", "WOO_SECRET": "cs_test", "BIGCOMMERCE_TOKEN": "bc_token"}
PRODUCTS = samples.shopify_products(5, AT)
FIRST = f"/_products/{min(PRODUCTS)}"


class Stage:
    """The fake Shopify with five products, and our door behind its webhooks."""

    def __init__(self) -> None:
        self.sink, self.shop = FakeSink(), ShopifyShop()
        self.control = ShopifyControl(self.shop, dict(PRODUCTS), self._tell)
        app = self.control.app()
        thin = ThinTopics(lambda shop: AdminClient(shop, a_caller(app)))
        autumn = a_catalog(include={"collections": ["Autumn"]})
        ours = a_shop(shopify=a_shopify_access(), catalogs=[autumn])
        self._door = a_door(self.sink, ours, thin=thin)
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://shopify")

    async def _tell(self, topic: str, content: Mapping[str, Any]) -> int:
        body, secret = orjson.dumps(content), SECRETS["SHOPIFY_SECRET_DEMO"]
        headers = signed_headers(
            topic, body, domain="demo.myshopify.com", secret=secret, delivery_id=str(uuid4()), triggered_at=NOON / 1000
        )
        async with calling(self._door) as door:
            return (await door.post("/v1/webhooks/shopify", content=body, headers=headers)).status_code


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setenv("SHOPIFY_TOKEN", TOKENS["SHOPIFY_TOKEN"])
    made = Stage()
    yield made
    await made.client.aclose()


@pytest.mark.parametrize(
    ("api", "access"),
    [
        (ShopifyControl(ShopifyShop(), dict(PRODUCTS), None), {"shopify": a_shopify_access()}),
        (
            WooShop(root="/shop", products=samples.woo_products(5, AT)),
            {"woocommerce": a_woo_access(url="https://woo.example/shop")},
        ),
        (BigCommerceStore(products=samples.bigcommerce_products(5, AT)), {"bigcommerce": a_bigcommerce_access()}),
    ],
    ids=["shopify", "woocommerce", "bigcommerce"],
)
async def test_its_products_can_be_pulled_whole(
    api: Any, access: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, token in TOKENS.items():
        monkeypatch.setenv(name, token)
    pulled: list[ProductChange] = []

    async for batch in a_source(api, **access)(Start(NOON, None, None)):
        assert batch.refused == []
        pulled += batch.changes

    assert sorted(int(each["product_id"]) for each in pulled) == sorted(PRODUCTS)
    for each in pulled:
        assert each["product"] is not None
        assert each["product"]["image_url"]
        assert all(variant["price"] for variant in each["product"]["variants"])


async def test_a_price_changed_at_the_fake_shopify_is_told_with_a_signed_webhook(stage: Stage) -> None:
    answer = await stage.client.patch(FIRST, json={"price": 12.5})

    (change,) = stage.sink.products
    assert answer.json()["webhook"] == 200
    assert change["product"] is not None
    assert {variant["price"] for variant in change["product"]["variants"]} == {12.5}
    assert {
        line["price"]
        for line in stage.shop.lines
        if str(line.get("__parentId")).endswith(FIRST[-13:]) and "price" in line
    } == {"12.50"}


async def test_products_are_made_deleted_and_sold_out_there(stage: Stage) -> None:
    whole = dict(PRODUCTS[min(PRODUCTS)]) | {"title": "Ring"}
    made = await stage.client.put("/_products/5", json=whole)
    await stage.client.delete("/_products/5")
    await stage.client.post("/_inventory", json={"inventory_item_id": 45800000000000, "available": 0})

    created, deleted, level = stage.sink.products
    assert (made.json()["topic"], created["product_id"], created["action"]) == ("products/create", "5", "upsert")
    assert (deleted["product_id"], deleted["action"]) == ("5", "delete")
    assert level["inventory"] is not None
    assert level["inventory"]["available"] == 0
    assert (await stage.client.get("/_products/5")).status_code == 404


async def test_what_a_webhook_there_does_not_name_is_asked_for(stage: Stage) -> None:
    variant = PRODUCTS[min(PRODUCTS)]["variants"][1]
    item = f"/_inventory_items/{variant['inventory_item_id']}"
    group = {"title": "Summer", "products": sorted(PRODUCTS)[:2]}

    answers = [
        await stage.client.patch(item, json={"sku": "NEW", "tracked": False}),
        await stage.client.put("/_collections/5", json=group),
        await stage.client.put("/_collections/5", json=group | {"title": "Autumn"}),
        await stage.client.patch(FIRST, json={"price": 12.5}),
        await stage.client.delete("/_collections/5"),
    ]

    topics = ["inventory_items/update", "collections/create", "collections/update", "products/update"]
    topics.append("collections/delete")
    assert [(each.json()["topic"], each.json()["webhook"]) for each in answers] == [(each, 200) for each in topics]
    told = [each["product"] for each in stage.sink.products if each["product"]]
    assert [each["collections"] for each in told] == [[], ["Summer"], ["Summer"], *[["Autumn"]] * 3]
    assert [(each["sku"], each["inventory_tracked"]) for each in told[0]["variants"]][1] == ("NEW", False)
    assert [each["field"] for each in stage.sink.rejected] == ["collection"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_collections/5", b'{"title": "no products"}'),
        ("PUT", "/_collections/5", b'{"title": "x", "products": ["y"]}'),
        ("PATCH", "/_inventory_items/45800000000000", b"[]{"),
        ("PATCH", FIRST, b"{"),
        ("PATCH", FIRST, b'{"price": "dear"}'),
        ("PATCH", FIRST, b'{"variants": 5}'),
        ("PUT", "/_products/6", b'{"title": "no variants"}'),
        ("POST", "/_inventory", b'{"available": 1}'),
    ],
)
async def test_what_is_no_product_changes_nothing_and_tells_nobody(
    stage: Stage, method: str, path: str, body: bytes
) -> None:
    answer = await stage.client.request(method, path, content=body)

    assert answer.status_code == 422
    assert stage.sink.products == []
    assert len((await stage.client.get("/_products")).json()) == 5


@pytest.mark.parametrize("query", ["", "{", "query { nodes(ids: $ids) { id } }", "{ shop { name } }", "{ nodes(ids"])
def test_the_stand_in_refuses_what_is_no_query_it_knows(query: str) -> None:
    assert shopify_queries.answer([], query, {})["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_the_stand_in_refuses_what_costs_too_much() -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Product { variants(first: 200) { nodes { id } } } } }"

    points = shopify_queries.read(query, {"ids": ["a", "b"]})[0].points
    refused = shopify_queries.answer([], query, {"ids": ["a"] * 5})

    assert (points, refused["errors"][0]["extensions"]["code"]) == (402, "MAX_COST_EXCEEDED")
