"""The shops' settings as `shops.configured` tells them: published by the command, followed by every process."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer

from connectors.kafka.follower import Follower
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Shop
from schemas.settings import KafkaSettings
from schemas.topics import SHOPS_CONFIGURED

log = structlog.get_logger()


class ShopDirectory:
    """Finds a shop by id, write key or domain; `apply` takes each record of the topic."""

    def __init__(self, codec: Codec) -> None:
        """Start empty."""
        self._codec = codec
        self._shops: dict[str, Shop] = {}
        self._by_write_key: dict[str, Shop] = {}
        self._by_domain: dict[str, Shop] = {}

    def apply(self, record: Any) -> None:
        """Take one record; a tombstone forgets the shop, an undecodable one is reported and changes nothing."""
        if record.value is None:
            self._forget((record.key or b"").decode("utf-8", "replace"))
            return
        try:
            shop: Shop = self._codec.decode_as("Shop", record.value)
        except TerminalError as exc:
            log.error("shop settings undecodable", reason=exc.reason, offset=record.offset)
            return
        self.put(shop)

    def put(self, shop: Shop) -> None:
        """Replace a shop's settings, or forget a deleted shop."""
        self._forget(shop["shop_id"])
        if not shop["deleted"]:
            self._shops[shop["shop_id"]] = shop
            self._index()

    def _forget(self, shop_id: str) -> None:
        self._shops.pop(shop_id, None)
        self._index()

    def _index(self) -> None:
        self._by_write_key = {key: each for each in self._shops.values() for key in each["write_keys"]}
        self._by_domain = {name.lower(): each for each in self._shops.values() for name in each["domains"]}

    def get(self, shop_id: str) -> Shop | None:
        """Find a shop by its id."""
        return self._shops.get(shop_id)

    def with_write_key(self, write_key: str) -> Shop | None:
        """Find the shop that a pixel's write key belongs to."""
        return self._by_write_key.get(write_key)

    def with_domain(self, domain: str) -> Shop | None:
        """Find the shop that a webhook's domain belongs to; case does not matter."""
        return self._by_domain.get(domain.lower())

    def all(self) -> list[Shop]:
        """List the shops by id."""
        return [self._shops[shop_id] for shop_id in sorted(self._shops)]


@asynccontextmanager
async def following(
    kafka: KafkaSettings,
    codec: Codec,
    *,
    timeout_seconds: float = 30,
    failed: Callable[[BaseException], None] | None = None,
) -> AsyncIterator[ShopDirectory]:
    """Give a directory that is complete on entry and followed until exit; *failed* as of `Follower`."""
    directory, topic = ShopDirectory(codec), kafka.prefix + SHOPS_CONFIGURED.name
    follower = Follower(kafka.bootstrap_servers, topic, directory.apply, failed=failed)
    await follower.start()
    try:
        await follower.caught_up(timeout_seconds)
        yield directory
    finally:
        await follower.stop()


async def publish(kafka: KafkaSettings, codec: Codec, shops: Iterable[Shop]) -> None:
    """Write the *shops* and wait until Kafka has them (`acks=all`)."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        topic = kafka.prefix + SHOPS_CONFIGURED.name
        for shop in shops:
            await producer.send_and_wait(topic, codec.encode("Shop", shop), key=shop["shop_id"].encode())
    finally:
        await producer.stop()
