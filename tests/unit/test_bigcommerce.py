"""BigCommerce: signed callbacks name a product, and the product is fetched."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest

from connectors.bigcommerce.bodies import ProductBody
from connectors.bigcommerce.client import NAMES_SECONDS, BigCommerceClient
from connectors.bigcommerce.webhooks import PATH, BigCommerce
from connectors.storefronts.fetches import SharedFetches
from deploy.servers.storefronts.bigcommerce import BigCommerceStore
from schemas.bodies import validated
from schemas.errors import ConfigurationError, TransientError
from schemas.records import Product, ProductChange, Shop
from streams.rules.catalogs import Catalog
from tests.builders import NOON, a_shop
from tests.doors import FakeShops, FakeSink
from tests.listed import a_catalog
from tests.storefronts import Naps, a_bigcommerce_access, a_caller, a_storefront_door, posted

NOW = NOON // 1000


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGCOMMERCE_TOKEN", "bc_token")


def a_variant(**changes: Any) -> dict[str, Any]:
    variant = {
        "id": 509,
        "sku": "JAR-S",
        "price": None,
        "sale_price": None,
        "retail_price": None,
        "map_price": {},
        "inventory_level": 5,
        "image_url": "",
        "upc": "",
        "gtin": "4006381333931",
        "purchasing_disabled": False,
        "option_values": [{"label": "Small", "option_display_name": "Size"}],
    }
    return variant | changes


def a_product(**changes: Any) -> dict[str, Any]:
    product = {
        "id": 205,
        "name": "Jar &amp; Lid",
        "sku": "JAR",
        "description": "<p>A jar</p>",
        "price": 7.95,
        "sale_price": 0,
        "retail_price": 10,
        "categories": [23, 21],
        "brand_id": 36,
        "inventory_level": 9,
        "inventory_tracking": "variant",
        "is_visible": True,
        "availability": "available",
        "date_modified": "2026-10-26T06:13:20+00:00",
        "preorder_release_date": None,
        "custom_url": {"url": "/jar/"},
        "variants": [a_variant()],
        "images": [
            {"url_zoom": "https://bc.example/b.jpg", "is_thumbnail": False, "sort_order": 0},
            {"url_zoom": "https://bc.example/a.jpg", "is_thumbnail": True, "sort_order": 1},
        ],
        "custom_fields": [{"name": "material", "value": "glass"}],
    }
    return product | changes


def a_callback(scope: str = "store/product/updated", **changes: Any) -> dict[str, Any]:
    callback = {
        "scope": scope,
        "store_id": "1025646",
        "data": {"type": "product", "id": 205},
        "hash": "a833a57fadd56a32dc752fb6ca0841dc9602a495",
        "created_at": NOW - 5,
        "producer": "stores/abcde",
    }
    return callback | changes


def headers_of(body: bytes, *, secret: bytes = b"bc_client_secret_example", stamp: int = NOW) -> dict[str, str]:
    signed = hmac.new(secret, f"msg_1.{stamp}.".encode() + body, sha256).digest()
    signature = f"v1a,ignored v1,{base64.b64encode(signed).decode()}"
    return {"webhook-id": "msg_1", "webhook-timestamp": str(stamp), "webhook-signature": signature}


class Stage:
    """A door and the store behind it."""

    def __init__(self, *others: Shop, **shop: Any) -> None:
        self.sink, self.store, self.naps = FakeSink(), BigCommerceStore(), Naps()
        self.store.products[205] = a_product()
        self.store.brands[36] = {"id": 36, "name": "Acme"}
        self.store.categories |= {23: {"id": 23, "name": "Kitchen"}, 21: {"id": 21, "name": "Jars"}}
        caller = a_caller(self.store.app(), self.naps)
        self.clock = float(NOW)
        system = BigCommerce(lambda access: BigCommerceClient(access, caller), lambda: self.clock)
        shops = FakeShops(a_shop(bigcommerce=a_bigcommerce_access(), **shop), a_shop(shop_id="other"), *others)
        self.door = a_storefront_door(self.sink, system, shops)

    async def told(self, value: Any, **options: Any) -> httpx.Response:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await posted(self.door, PATH, body, headers_of(body, **options))

    def change(self) -> tuple[ProductChange, Product]:
        (change,) = self.sink.products
        assert change["product"] is not None
        return change, change["product"]


async def test_a_callback_brings_the_whole_product() -> None:
    stage = Stage()

    answer = await stage.told(a_callback())

    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    change, product = stage.change()
    assert (change["product_id"], change["source"], change["occurred_at"]) == ("205", "bigcommerce", NOW * 1000)
    assert (product["title"], product["brand"], product["categories"]) == ("Jar & Lid", "Acme", ["Kitchen", "Jars"])
    assert (product["url"], product["image_url"]) == ("https://bc.example/jar/", "https://bc.example/a.jpg")
    assert (product["metafields"], product["currency"]) == ({"material": "glass"}, "EUR")
    (variant,) = product["variants"]
    assert (variant["price"], variant["compare_at_price"], variant["barcode"]) == (7.95, 10.0, "4006381333931")
    assert (variant["options"], variant["inventory_quantity"]) == ({"Size": "Small"}, 5)


@pytest.mark.parametrize(
    ("product", "variant", "paid", "before"),
    [
        ({}, {"price": 9.0}, 9.0, 10.0),
        ({"sale_price": 5.0}, {}, 5.0, 7.95),
        ({"sale_price": 5.0}, {"sale_price": 6.0}, 6.0, 7.95),
        ({"price": -1.0, "retail_price": 0}, {}, None, None),
        ({"retail_price": 1.0}, {}, 7.95, None),
    ],
)
async def test_the_sale_price_is_what_is_paid(
    product: dict[str, Any], variant: dict[str, Any], paid: float | None, before: float | None
) -> None:
    stage = Stage()
    stage.store.products[205] = a_product(variants=[a_variant(**variant)], **product)

    await stage.told(a_callback())

    (told,) = stage.change()[1]["variants"]
    assert (told["price"], told["compare_at_price"]) == (paid, before)


def a_stock(variant_id: int = 509, **place: Any) -> dict[str, Any]:
    elsewhere = {"location_id": 2, "location_code": "B", "available_to_sell": 9, "location_enabled": False}
    here = {"location_id": 1, "location_code": "A", "available_to_sell": 4, "location_enabled": True}
    identity = {"sku": "JAR-S", "variant_id": variant_id, "product_id": 205}
    return {"identity": identity, "locations": [here | place, elsewhere]}


@pytest.mark.parametrize(("tracking", "item"), [("variant", "509"), ("product", "product-205")])
async def test_stock_by_location_comes_with_the_product_where_a_catalog_counts_some_locations_only(
    tracking: str, item: str
) -> None:
    wanted, other = Stage(catalogs=[a_catalog(locations=["1"])]), Stage()
    for stage in (wanted, other):
        stage.store.products[205] = a_product(inventory_tracking=tracking)
        stage.store.inventory = [a_stock(), a_stock(1) | {"identity": {"product_id": 1, "variant_id": 1}}]
        await stage.told(a_callback())

    product, *levels = wanted.sink.products
    assert product["product"] is not None
    assert [each["inventory_item_id"] for each in product["product"]["variants"]] == [item]
    assert [each["inventory"] for each in levels] == [
        {"inventory_item_id": item, "location_id": "1", "available": 4},
        {"inventory_item_id": item, "location_id": "2", "available": 0},
    ]
    assert len(other.sink.products) == 1


async def test_a_token_that_may_not_read_stock_costs_only_the_stock() -> None:
    stage = Stage(catalogs=[a_catalog(locations=["1"])])
    stage.store.forbidden = frozenset({"inventory"})

    answer = await stage.told(a_callback())

    assert (answer.json()["outcome"], len(stage.sink.products)) == ("accepted", 1)


async def test_a_product_sold_ahead_says_from_when() -> None:
    stage = Stage()
    stage.store.products[205] = a_product(
        availability="preorder", preorder_release_date="2026-10-26T07:33:20+00:00", variants=[]
    )

    await stage.told(a_callback())

    product = stage.change()[1]
    assert (product["preorder_at"], len(product["variants"])) == (NOON, 1)


@pytest.mark.parametrize(
    ("scope", "data"),
    [
        ("store/product/created", {"type": "product", "id": 205}),
        ("store/sku/updated", {"type": "sku", "id": 461, "sku": {"product_id": 205, "variant_id": 509}}),
        ("store/sku/deleted", {"type": "sku", "id": 461, "sku": {"product_id": 205, "variant_id": 509}}),
        (
            "store/product/inventory/order/updated",
            {"type": "product", "id": 205, "inventory": {"product_id": 205, "method": "relative", "value": -2}},
        ),
        (
            "store/sku/inventory/updated",
            {"type": "sku", "id": 461, "inventory": {"product_id": 205, "method": "absolute", "value": 5}},
        ),
    ],
)
async def test_whatever_changed_the_product_is_fetched_as_it_is_now(scope: str, data: dict[str, Any]) -> None:
    stage = Stage()

    await stage.told(a_callback(scope, data=data))

    assert stage.change()[1]["variants"][0]["inventory_quantity"] == 5


async def test_a_deletion_outlives_a_product_fetched_before_it() -> None:
    stage, catalog = Stage(), Catalog()
    await stage.told(a_callback())
    await stage.told(a_callback("store/product/deleted"))
    updated, deleted = stage.sink.products
    deleted["occurred_at"] = updated["occurred_at"] + 1

    assert [catalog.apply(deleted), catalog.apply(updated)] == [True, False]


async def test_a_product_that_is_gone_when_asked_for_is_deleted() -> None:
    stage = Stage()
    stage.store.products.clear()

    await stage.told(a_callback())

    assert [change["action"] for change in stage.sink.products] == ["delete"]


async def test_a_404_of_somebody_else_deletes_nothing() -> None:
    stage = Stage()
    stage.store.stage.fail(404)

    await stage.told(a_callback())

    assert ([each["reason"] for each in stage.sink.rejected], stage.sink.products) == (["not_fetched"], [])


async def test_creation_and_deletion_of_one_hash_are_two_deliveries_and_a_repetition_is_none() -> None:
    stage = Stage()
    scopes = ("store/product/created", "store/product/deleted", "store/product/created")

    answers = [(await stage.told(a_callback(scope))).json()["outcome"] for scope in scopes]

    assert answers == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize(
    ("changes", "options", "status"),
    [
        ({}, {"secret": b"forged"}, 401),
        ({}, {"stamp": NOW - 301}, 401),
        ({}, {"stamp": NOW + 301}, 401),
        ({"producer": "stores/unknown"}, {"secret": b"forged"}, 401),
        ({"producer": "stores/unknown"}, {}, 404),
        ({"producer": "stores/abcdef"}, {}, 404),
        ({}, {"stamp": NOW - 299}, 200),
    ],
)
async def test_only_the_signed_learn_which_stores_there_are(
    changes: dict[str, Any], options: dict[str, Any], status: int
) -> None:
    assert (await Stage().told(a_callback(**changes), **options)).status_code == status


async def test_the_secret_of_one_store_opens_no_other_that_the_body_names_too() -> None:
    access = a_bigcommerce_access(store_hash="zzz", client_secret_envs=["BIGCOMMERCE_SECRET_UNSET"])
    victim = a_shop(shop_id="a-victim", bigcommerce=access)
    stage = Stage(victim)

    await stage.told(a_callback("store/product/deleted", note="stores/zzz"))

    assert [change["shop_id"] for change in stage.sink.products] == ["demo"]


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        (a_callback("store/sku/updated"), 200, "missing_field"),
        (a_callback(data={"id": "../1"}), 200, "missing_field"),
        (a_callback(data=[]), 200, "wrong_type"),
        (b'{"producer":"stores/abcde"', 400, "bad_json"),
    ],
)
async def test_a_callback_we_cannot_use_is_kept(value: Any, status: int, reason: str) -> None:
    stage = Stage()

    answer = await stage.told(value)

    assert (answer.status_code, [each["reason"] for each in stage.sink.rejected]) == (status, [reason])


async def test_what_cannot_be_fetched_now_is_asked_for_again_later() -> None:
    stage = Stage()
    stage.store.stage.fail(503, times=9)

    answer = await stage.told(a_callback())

    assert (answer.status_code, "retry-after" in answer.headers, stage.sink.rejected) == (503, True, [])


async def test_another_topic_is_no_failure() -> None:
    assert (await Stage().told(a_callback("store/order/created"))).json()["outcome"] == "ignored"


async def test_a_flood_about_one_product_shares_the_fetches_that_wait() -> None:
    stage = Stage()

    answers = await asyncio.gather(*(stage.told(a_callback(hash=f"{number}")) for number in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    fetched = [each for each in stage.store.stage.requests if "/products/205" in each]
    assert len(fetched) < 15


async def test_a_fetch_that_has_begun_is_not_joined() -> None:
    shared: SharedFetches[int] = SharedFetches(at_once=1)
    begun, may_end, made = asyncio.Event(), asyncio.Event(), 0

    async def fetch() -> int:
        nonlocal made
        made += 1
        begun.set()
        await may_end.wait()
        return made

    first = asyncio.create_task(shared.get("k", fetch))
    await begun.wait()
    others = [asyncio.create_task(shared.get("k", fetch)) for _ in range(3)]
    await asyncio.sleep(0)
    may_end.set()

    assert await first == 1
    assert await asyncio.gather(*others) == [2, 2, 2]


def a_client(
    store: BigCommerceStore, naps: Naps | None = None, clock: Callable[[], float] = time.monotonic
) -> BigCommerceClient:
    return BigCommerceClient(a_bigcommerce_access(), a_caller(store.app(), naps), clock)


async def test_a_pull_reads_every_product_once_and_goes_on_behind_any() -> None:
    store = BigCommerceStore(products={number: a_product(id=number) for number in range(1, 251)})

    whole = [each["id"] async for page in a_client(store).pages() for each in page.products]
    rest = [each["id"] async for page in a_client(store).pages("240") for each in page.products]

    assert (whole, rest) == (list(range(1, 251)), list(range(241, 251)))


async def test_the_quota_is_waited_for() -> None:
    store, naps = BigCommerceStore(products={1: a_product(id=1)}, quota=1), Naps()
    store.stage.fail(429, x_rate_limit_time_reset_ms="7000")

    await a_client(store, naps).product("1")

    assert naps.taken == [7.0, 1.5]


async def test_names_are_asked_for_once_and_again_when_they_may_have_changed() -> None:
    store, now = BigCommerceStore(brands={36: {"id": 36, "name": "Acme"}}), 0.0
    client, product = a_client(store, clock=lambda: now), validated(ProductBody, a_product())

    for _ in range(3):
        names = await client.names([product])
    asked = len(store.stage.requests)
    store.brands[36]["name"], now = "Ajax", NAMES_SECONDS + 1
    renamed = await client.names([product])

    assert (names.brands["36"], names.categories["23"], asked) == ("Acme", "", 2)
    assert renamed.brands["36"] == "Ajax"


async def test_a_store_that_does_not_answer_or_has_no_token_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    store = BigCommerceStore()
    store.stage.fail(500, times=3)
    with pytest.raises(TransientError, match="500"):
        await a_client(store).product("1")
    monkeypatch.delenv("BIGCOMMERCE_TOKEN")
    with pytest.raises(ConfigurationError, match="BIGCOMMERCE_TOKEN"):
        a_client(store)
