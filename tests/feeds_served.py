"""Feeds served from a shop and products that a test names, without Kafka."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.kafka.shops import ShopDirectory
from deploy.feeds.door import routes
from deploy.feeds.followed import Followed
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.records import ProductChange, Shop
from streams.cataloguing.products import Products
from tests.builders import a_shop
from tests.listed import a_catalog

CODEC = Codec.from_lock()
TOKEN = "a-feed-token-of-the-tests"
VARIABLE = "FEED_TOKEN_OF_TESTS"
FEED = "/feeds/demo/main.xml"


class FollowedInMemory(Followed):
    """What would be followed from Kafka; *is_there* false: Kafka is not read to its end yet."""

    def __init__(self, *shops: Shop) -> None:
        super().__init__()
        self.directory, self.known, self.is_there = ShopDirectory(CODEC), Products(CODEC), True
        self._apply = self._noting(self.known)
        self._offset = 0
        for shop in shops:
            self.directory.put(shop)

    def tell(self, *changes: ProductChange) -> None:
        """Let products change."""
        for change in changes:
            rest = change["product_id"]
            if change["inventory"] is not None:
                rest = f"inventory|{change['inventory']['inventory_item_id']}|{change['inventory']['location_id']}"
            key, value = f"{change['shop_id']}|{rest}".encode(), CODEC.encode("ProductChange", change)
            self._offset += 1
            self._apply(SimpleNamespace(key=key, value=value, partition=0, offset=self._offset))

    async def shops(self) -> ShopDirectory:
        """Give the directory."""
        return self.directory

    async def products(self) -> Products:
        """Give the products, unless Kafka is not there."""
        if not self.is_there:
            raise TransientError("not read to its end")
        return self.known

    async def codec(self) -> Codec:
        """Give that of the lock file."""
        return CODEC


def a_shop_with_a_feed(**catalog: Any) -> Shop:
    """The shop `demo`, whose catalog `main` has a feed."""
    return a_shop(catalogs=[a_catalog(feed_token_env=VARIABLE, **catalog)])


def followed_products(changes: Iterable[ProductChange], **catalog: Any) -> FollowedInMemory:
    """Follow the shop `demo` and *changes* of its products."""
    followed = FollowedInMemory(a_shop_with_a_feed(**catalog))
    followed.tell(*changes)
    return followed


def client_of(followed: Followed) -> httpx.AsyncClient:
    """Build a client that bears the token."""
    transport = httpx.ASGITransport(Starlette(routes=routes(followed)))
    return httpx.AsyncClient(transport=transport, base_url="http://api.example", auth=("meta", TOKEN))
