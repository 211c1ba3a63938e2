"""Shopify's bulk operations: lines in any order become products, and a pull comes back to its operation."""

import random
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from connectors.shopify import pulling as shopify
from connectors.shopify.admin import AdminClient
from connectors.shopify.bulk import assembled, to_product_change
from connectors.storefronts.calls import Caller, http_client
from connectors.storefronts.pulls import Batch
from deploy import pulling
from deploy.checkpoints import Checkpoint
from deploy.pulling import Open
from deploy.servers.storefronts.shopify import ShopifyShop
from schemas.codec import Codec
from schemas.errors import ConfigurationError, TerminalError, TransientError
from tests.builders import NOON, a_shop
from tests.listed import a_catalog
from tests.storefronts import Naps, a_caller, a_shopify_access
from tests.unit.test_pulling import FakeTopic

PRODUCT = 788032119674292922


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def a_product(number: int = PRODUCT, **changes: Any) -> list[dict[str, Any]]:
    parent = gid("Product", number)
    product = {
        "id": parent,
        "title": "Tee <i>x</i>",
        "descriptionHtml": "<p>Tee</p>",
        "handle": "tee",
        "status": "ACTIVE",
        "vendor": "Acme",
        "productType": "Shirts",
        "tags": ["a", "b"],
        "onlineStoreUrl": None,
        "updatedAt": "2026-10-26T06:13:20Z",
    }
    variant = {
        "id": gid("ProductVariant", number + 1),
        "title": "Red",
        "sku": "TEE-R",
        "price": "19.99",
        "compareAtPrice": "0.00",
        "barcode": None,
        "inventoryQuantity": -2,
        "inventoryPolicy": "CONTINUE",
        "selectedOptions": [{"name": "Colour", "value": "Red"}],
        "image": {"url": "https://cdn.example/red.jpg"},
        "inventoryItem": {"id": gid("InventoryItem", number + 2), "tracked": True},
        "__parentId": parent,
    }
    parts = [
        {"id": gid("ProductImage", 1), "url": "https://cdn.example/1.jpg", "__parentId": parent},
        {"id": gid("Collection", 2), "title": "Summer", "__parentId": parent},
        {"id": gid("Metafield", 3), "namespace": "custom", "key": "material", "value": "cotton", "__parentId": parent},
    ]
    return [product | changes, variant, *parts]


def lines_of(*products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for product in products for line in product]


def test_a_product_is_described_with_all_its_parts() -> None:
    (objects,) = assembled(map(orjson.dumps, a_product()))

    change = to_product_change(objects, a_shop(), NOON)

    assert Codec.from_lock().decode(Codec.from_lock().encode("ProductChange", change)) == change
    assert (change["product_id"], change["occurred_at"]) == (str(PRODUCT), 1_792_995_200_000)
    product = change["product"]
    assert product is not None
    assert (product["title"], product["status"], product["collections"]) == ("Tee x", "active", ["Summer"])
    assert (product["images"], product["metafields"]) == (["https://cdn.example/1.jpg"], {"custom.material": "cotton"})
    assert product["url"] == "https://demo.myshopify.com/products/tee"
    (variant,) = product["variants"]
    assert (variant["variant_id"], variant["inventory_item_id"]) == (str(PRODUCT + 1), str(PRODUCT + 2))
    assert (variant["price"], variant["compare_at_price"], variant["backorders"]) == (19.99, None, True)
    assert (variant["inventory_quantity"], variant["inventory_tracked"]) == (-2, True)


def test_lines_in_any_order_give_the_same_products() -> None:
    lines = lines_of(*(a_product(number) for number in range(10, 300, 10)))
    shuffled = random.Random(7).sample(lines, len(lines))

    def told(each: list[dict[str, Any]]) -> list[str]:
        return sorted(
            repr(sorted(objects, key=lambda one: one["id"])) for objects in assembled(map(orjson.dumps, each))
        )

    assert told(shuffled) == told(lines)


def test_parts_whose_product_was_cut_off_are_no_product() -> None:
    assert list(assembled(map(orjson.dumps, a_product()[1:]))) == []


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"id":1}', b'{"id":"1","__parentId":[]}'])
def test_a_damaged_line_is_no_product(line: bytes) -> None:
    with pytest.raises(TerminalError):
        list(assembled([line]))


def a_client(api: ShopifyShop, naps: Naps | None = None) -> AdminClient:
    shop = a_shop(shopify=a_shopify_access())
    return AdminClient(shop, a_caller(api.app(), naps), sleep=naps or Naps())


def a_source(api: ShopifyShop) -> Open:
    client = a_client(api)
    return lambda start: shopify.pull(client, a_shop(), start.began_at, start.position, start.since)


def many(count: int) -> list[dict[str, Any]]:
    return lines_of(*(a_product(number) for number in range(10, 10 + 10 * count, 10)))


async def test_an_interrupted_pull_comes_back_to_its_operation(tmp_path: Path) -> None:
    api, checkpoint = ShopifyShop(lines=many(500), polls=2), Checkpoint(tmp_path / "c.json")
    first, second = FakeTopic(fails_after=2), FakeTopic()
    with pytest.raises(TransientError):
        await pulling.run(a_source(api), first.publish, checkpoint, lambda *progress: None)

    await pulling.run(a_source(api), second.publish, checkpoint, lambda *progress: None)

    assert len(api.queries) == 1
    assert len(set(first.ids()) | set(second.ids())) == 500
    assert (len(first.ids()), len(second.ids())) == (shopify.BATCH, 500 - shopify.BATCH)


async def test_an_operation_that_failed_is_started_anew_by_the_next_pull(tmp_path: Path) -> None:
    api, checkpoint, topic = ShopifyShop(lines=many(3), status="FAILED"), Checkpoint(tmp_path / "c.json"), FakeTopic()
    with pytest.raises(TransientError, match="TIMEOUT"):
        await pulling.run(a_source(api), topic.publish, checkpoint, lambda *progress: None)

    async def heals() -> list[Batch]:
        found = []
        position = (checkpoint.read() or {})["position"]
        async for batch in shopify.pull(a_client(api), a_shop(), NOON, position, None):
            api.status = "COMPLETED"
            found.append(batch)
        return found

    assert [len(batch.changes) for batch in await heals()] == [0, 3]
    assert len(api.queries) == 2


async def test_a_delta_asks_for_what_was_updated_since_and_an_empty_answer_is_no_error() -> None:
    api = ShopifyShop()

    batches = [each async for each in shopify.pull(a_client(api), a_shop(), NOON, None, NOON)]

    assert "updated_at:>='2026-10-26T07:33:20Z'" in api.queries[0]
    assert [batch.changes for batch in batches] == [[]]


async def test_an_empty_bucket_is_waited_for() -> None:
    api, naps = ShopifyShop(throttled=2), Naps()

    await a_client(api, naps).start("{}")

    assert naps.taken == [2.0, 2.0]


async def test_a_wrong_token_ends_it_and_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TerminalError, match="401"):
        await a_client(ShopifyShop(token="another")).start("{}")
    monkeypatch.delenv("SHOPIFY_TOKEN")
    with pytest.raises(ConfigurationError, match="SHOPIFY_TOKEN"):
        a_client(ShopifyShop())


async def test_the_token_is_not_sent_to_where_the_file_lies() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b'{"id":"x"}\n')

    client = AdminClient(a_shop(shopify=a_shopify_access()), Caller(http_client(httpx.MockTransport(answer))))

    assert [line async for line in client.lines("https://storage.example/f")] == [b'{"id":"x"}']
    assert "x-shopify-access-token" not in seen[0].headers


def a_level(location: int, number: int, **changes: Any) -> dict[str, Any]:
    level = {
        "id": f"gid://shopify/InventoryLevel/{location}{number}?inventory_item_id={number}",
        "updatedAt": "2026-10-26T06:13:20Z",
        "item": {"id": gid("InventoryItem", number), "tracked": True},
        "quantities": [{"name": "available", "quantity": 3}],
        "__parentId": gid("Location", location),
    }
    return level | changes


def located(api: ShopifyShop) -> Open:
    """Pull for a shop with a catalog that counts some locations only."""
    client, shop = a_client(api), a_shop(catalogs=[a_catalog(locations=["7"])])
    return lambda start: shopify.pull(client, shop, start.began_at, start.position, start.since)


async def test_stock_by_location_comes_where_a_catalog_counts_some_locations_only(tmp_path: Path) -> None:
    uncounted = {"id": gid("InventoryItem", 6), "tracked": False}
    levels = [
        {"id": gid("Location", 7)},
        a_level(7, 5),
        {"id": gid("Location", 8)},
        a_level(8, 5, quantities=[]),
        a_level(8, 6, item=uncounted),
    ]
    topic, other = FakeTopic(), FakeTopic()
    api = ShopifyShop(lines=many(1), levels=levels)
    done = await pulling.run(located(api), topic.publish, Checkpoint(tmp_path / "1.json"), lambda *_: None)
    await pulling.run(a_source(api), other.publish, Checkpoint(tmp_path / "2.json"), lambda *_: None)

    told = [change for change in topic.taken if change["action"] == "inventory"]
    assert [change["inventory"] for change in told] == [
        {"inventory_item_id": "5", "location_id": "7", "available": 3},
        {"inventory_item_id": "6", "location_id": "8", "available": None},
    ]
    assert [change["occurred_at"] for change in told] == [1_792_995_200_000] * 2
    assert (done.published, done.levels, [each.field for each in done.refused]) == (1, 2, ["quantities"])
    assert {change["action"] for change in other.taken} == {"upsert"}


async def test_a_pull_interrupted_among_stock_levels_goes_on_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shopify, "LEVELS", 10)
    levels = [a_level(7, item) for item in range(1, 31)]
    api, checkpoint = ShopifyShop(lines=many(3), levels=levels), Checkpoint(tmp_path / "c.json")
    first, second = FakeTopic(fails_after=4), FakeTopic()
    with pytest.raises(TransientError):
        await pulling.run(located(api), first.publish, checkpoint, lambda *progress: None)

    done = await pulling.run(located(api), second.publish, checkpoint, lambda *progress: None)
    await pulling.run(located(api), FakeTopic().publish, checkpoint, lambda *progress: None)

    assert (first.actions(), second.actions()) == (["upsert"] * 3 + ["inventory"] * 10, ["inventory"] * 20)
    assert (done.was_resumed, len(api.queries)) == (True, 4)  # of products, of levels; then both of what changed
    assert "updated_at" in api.queries[-1]
    assert "updated_at" not in api.queries[1]


async def test_a_pull_that_comes_back_after_its_file_is_gone_begins_anew(tmp_path: Path) -> None:
    api, checkpoint = ShopifyShop(lines=many(500), polls=0), Checkpoint(tmp_path / "c.json")
    with pytest.raises(TransientError):
        await pulling.run(a_source(api), FakeTopic(fails_after=2).publish, checkpoint, lambda *progress: None)
    api.expired, topic = frozenset({"1"}), FakeTopic()

    done = await pulling.run(a_source(api), topic.publish, checkpoint, lambda *progress: None)

    assert (done.published, len(api.queries)) == (500, 2)
