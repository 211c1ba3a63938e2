"""Kafka for the process `api`: shops' settings in; links, products and requests for catalogs out."""

import asyncio
from typing import Final, NamedTuple

from connectors.kafka import registry, sync_requests, unlinking
from connectors.kafka.follower import Follower
from connectors.kafka.publisher import Publisher
from connectors.kafka.shops import ShopDirectory
from connectors.shopify.products import key_of
from deploy.catalog_reading import read_product
from deploy.processes.ingest_sink import LARGEST_VALUE
from schemas.catalog_records import SyncRequest
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Inventory, Link, ProductChange, Shop
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import PRODUCTS_CHANGED, SHOPS_CONFIGURED

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0


class _Connected(NamedTuple):
    codec: Codec
    publisher: Publisher
    follower: Follower
    shops: ShopDirectory


class ApiKafka:
    """Connects at its first use, and comes back with its broker; every method raises `TransientError` without one."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._opening = asyncio.Lock()
        self._connected: _Connected | None = None

    async def shop(self, shop_id: str) -> Shop | None:
        """Find a shop's settings."""
        connected = await self._connect()
        await connected.follower.caught_up(CONNECT_SECONDS)
        return connected.shops.get(shop_id)

    async def change(self, change: ProductChange) -> None:
        """Publish a product change.

        Raises:
            TerminalError: `too_large` for a record.
        """
        codec, publisher, *_ = await self._connect()
        value = codec.encode("ProductChange", change)
        if len(value) > LARGEST_VALUE:
            raise TerminalError("too_large", "product", "it does not fit into a Kafka record")
        await publisher.connected(CONNECT_SECONDS)
        await publisher.publish(PRODUCTS_CHANGED, value, key=key_of(change))

    async def known(self, shop_id: str, product_id: str) -> tuple[ProductChange | None, list[Inventory]]:
        """Read what is in force of a product, and the stock of its variants: the whole topic, each time."""
        shown = await read_product(shop_id, product_id, timeout_seconds=READ_SECONDS)
        return shown.change, shown.levels

    async def request(self, request: SyncRequest) -> tuple[int, int]:
        """Publish what is wanted of a catalog, with a producer of its own: it is seldom."""
        codec = (await self._connect()).codec
        return await sync_requests.publish(settings(KafkaSettings), codec, request)

    async def link(self, link: Link) -> tuple[int, int]:
        """Publish evidence, with a producer of its own: it is seldom that somebody unlinks."""
        kafka = settings(KafkaSettings)
        return await unlinking.publish(kafka, await registry.codec(settings(RegistrySettings), kafka), link)

    async def close(self) -> None:
        """Wait for what is under way, and disconnect."""
        if self._connected is not None:
            await self._connected.follower.stop()
            await self._connected.publisher.stop()

    async def _connect(self) -> _Connected:
        async with self._opening:
            if self._connected is None:
                kafka = settings(KafkaSettings)
                codec = await registry.codec(settings(RegistrySettings), kafka)
                shops, publisher = ShopDirectory(codec), Publisher(kafka, [PRODUCTS_CHANGED])
                follower = Follower(kafka.bootstrap_servers, kafka.prefix + SHOPS_CONFIGURED.name, shops.apply)
                self._connected = _Connected(codec, publisher, follower, shops)
                await publisher.start()
                await follower.start()
        return self._connected
