"""Shops and products followed from Kafka, from the first time somebody asks for them on."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from connectors.kafka import registry
from connectors.kafka.follower import Follower
from connectors.kafka.shops import ShopDirectory
from schemas.codec import Codec
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import PRODUCTS_CHANGED, SHOPS_CONFIGURED
from streams.cataloguing.products import Products

CATCH_UP_SECONDS: Final = 20.0
"""Longest wait of one request; the reading goes on meanwhile and after it."""


class Followed:
    """What is followed. `revisions` counts the records of each shop's products: whether anything may have changed."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self.revisions: Counter[str] = Counter()
        self._codec: Codec | None = None
        self._shops: tuple[ShopDirectory, Follower] | None = None
        self._products: tuple[Products, Follower] | None = None
        self._starting = asyncio.Lock()

    async def shops(self) -> ShopDirectory:
        """Give the shops as they are configured now.

        Raises:
            TransientError: Kafka is not there, or not read to its end yet.
            ConfigurationError: nobody said where Kafka is.
        """
        async with self._starting:
            if self._shops is None:
                directory = ShopDirectory(await self.codec())
                self._shops = directory, await _following(SHOPS_CONFIGURED.name, directory.apply)
        directory, follower = self._shops
        await follower.caught_up(CATCH_UP_SECONDS)
        return directory

    async def products(self) -> Products:
        """Give the products of all shops as they are now. Raises as `shops`."""
        async with self._starting:
            if self._products is None:
                products = Products(await self.codec())
                self._products = products, await _following(PRODUCTS_CHANGED.name, self._noting(products))
        products, follower = self._products
        await follower.caught_up(CATCH_UP_SECONDS)
        return products

    async def codec(self) -> Codec:
        """Give what reads records. Raises as `shops`."""
        if self._codec is None:
            self._codec = await registry.codec(settings(RegistrySettings), settings(KafkaSettings))
        return self._codec

    async def close(self) -> None:
        """Follow nothing any more."""
        for followed in (self._shops, self._products):
            if followed is not None:
                await followed[1].stop()

    def _noting(self, products: Products) -> Callable[[Any], None]:
        def apply(record: Any) -> None:
            products.apply(record)
            self.revisions[(record.key or b"").decode(errors="replace").partition("|")[0]] += 1

        return apply


async def _following(topic: str, apply: Callable[[Any], None]) -> Follower:
    kafka = settings(KafkaSettings)
    follower = Follower(kafka.bootstrap_servers, kafka.prefix + topic, apply)
    await follower.start()
    return follower
