"""A Shopify shop for tests: the stand-in of its Admin API, and our door behind its webhooks."""

from typing import Any

import httpx
import orjson

from connectors.shopify.admin import AdminClient
from connectors.shopify.thin import ThinTopics
from deploy.servers.storefronts.shopify import ShopifyShop
from schemas.records import Product, ProductChange, Shop
from tests.builders import a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling
from tests.shopify_webhooks import PATH, headers_of
from tests.storefronts import Naps, a_caller, a_shopify_access
from tests.unit.test_shopify_bulk import a_product, gid, lines_of

COLLECTION = 2
"""The one that all `products` are in."""
Lines = list[dict[str, Any]]


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
    """A door, and the shop whose API completes what comes in; *settings* are the shop's."""

    def __init__(self, lines: Lines, *, patience_seconds: float = 3.5, **settings: Any) -> None:
        self.sink, self.api, self.naps = FakeSink(), ShopifyShop(lines=lines), Naps()
        caller = a_caller(self.api.app(), self.naps)

        def connect(shop: Shop) -> AdminClient:
            return AdminClient(shop, caller, sleep=self.naps)

        shop = a_shop(**{"webhook_secret_envs": list(SECRETS), "shopify": a_shopify_access()} | settings)
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
