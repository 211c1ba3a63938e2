"""Wires catalogs to Kafka: partitions come and go, requests are taken, overwritten products are said again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import structlog

from connectors.kafka import registry, shops
from connectors.kafka.follower import Follower
from connectors.meta.catalog.client import CatalogClient
from schemas.catalog_records import SyncRequest
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.settings import CatalogSettings, KafkaSettings, MetaSettings, RegistrySettings
from schemas.topics import CATALOGS_REQUESTED, PRODUCTS_CHANGED
from streams.cataloguing.leader import World
from streams.cataloguing.leaders import Kept, Leaders
from streams.cataloguing.metrics import REPUBLISHED
from streams.cataloguing.products import Products
from streams.cataloguing.states import standing_in
from streams.cataloguing.writing import Writer
from streams.ending import to_the_end
from streams.failing import fail_stop, following_ended
from streams.outbox import Outbox, Output
from streams.records import Record

WATCH_SECONDS: Final = 0.25
READ_SECONDS: Final = 600.0

log = structlog.get_logger()


class Parts(NamedTuple):
    """The settings of one process."""

    kafka: KafkaSettings
    registry: RegistrySettings
    meta: MetaSettings
    chosen: CatalogSettings


class CatalogWorker:
    """One catalog process at work. Get it from `at_work`."""

    def __init__(self, app: Any, outbox: Outbox, codec: Codec, products: Products, leaders: Leaders) -> None:
        """Take the worker's parts."""
        self._app, self._outbox, self._codec, self._products, self._leaders = app, outbox, codec, products, leaders

    async def take(self, record: Record) -> None:
        """Do what one request asks for."""
        try:
            request: SyncRequest = self._codec.decode_as("SyncRequest", record.value)
        except TerminalError as exc:
            log.error("request undecodable", reason=exc.reason, partition=record.partition, offset=record.offset)
            return
        shop_id, name = request["shop_id"], request["catalog"]
        while self._leaders.is_configured(shop_id, name) and not self._leaders.has(shop_id, name):
            if self._app.rebalancing:  # which waits for this record: its successor takes it
                await self._outbox.emit(CATALOGS_REQUESTED.name, record.partition, [Output(record.key, record.value)])
                return
            await asyncio.sleep(WATCH_SECONDS)
        await self._leaders.ask(request)

    async def watch(self) -> None:
        """Lead what is to be led, for ever."""
        while True:
            if not self._app.rebalancing and self._app.flow_control.is_active():
                await self._leaders.follow(self._assigned())
                self._leaders.mark_due()
                await self._say_again()
            await asyncio.sleep(WATCH_SECONDS)

    async def give_away(self, *_: Any, **__: Any) -> None:
        """End what is led, before its partitions go."""
        await self._leaders.give_away()

    def _assigned(self) -> frozenset[int]:
        topic = self._app.topic_prefix + CATALOGS_REQUESTED.name
        return frozenset(tp.partition for tp in self._app.consumer.assignment() if tp.topic == topic)

    async def _say_again(self) -> None:
        """Publish once more the products in force that an older state stands behind."""
        assigned, overwritten = self._assigned(), self._products.in_force.overwritten
        for key, partition in list(overwritten.items()):
            value = self._products.standing(key)
            if partition in assigned and overwritten.pop(key, None) is not None and value is not None:
                await self._outbox.emit(PRODUCTS_CHANGED.name, partition, [Output(key, value)])
                REPUBLISHED.inc()


@asynccontextmanager
async def at_work(app: Any, outbox: Outbox, parts: Parts) -> AsyncIterator[CatalogWorker]:
    """Give a worker that knows all shops and products on entry, and leads until exit."""
    kafka = parts.kafka
    codec = await registry.codec(parts.registry, kafka)
    products, topic = Products(codec), kafka.prefix + PRODUCTS_CHANGED.name
    follower = Follower(kafka.bootstrap_servers, topic, products.apply, failed=following_ended)
    followed = shops.following(kafka, codec, failed=following_ended)
    async with followed as directory, CatalogClient(parts.meta) as client, _followed(follower):
        log.info("products read", products=len(products.in_force), shops=len(directory.all()))
        world = World(client, parts.chosen, products, Writer(codec, outbox))
        kept = Kept(partial(standing_in, kafka, codec), follower.until_now)
        worker = CatalogWorker(app, outbox, codec, products, Leaders(world, directory, kept, kafka.partitions))
        app.on_partitions_revoked.connect(worker.give_away, weak=False)
        watching = asyncio.create_task(_watched(worker), name="lead catalogs")
        try:
            yield worker
        finally:
            app.on_partitions_revoked.disconnect(worker.give_away, weak=False)
            await to_the_end(_ended(worker, watching))


async def _ended(worker: CatalogWorker, watching: asyncio.Task[None]) -> None:
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await worker.give_away()


async def _watched(worker: CatalogWorker) -> None:
    with fail_stop("lead catalogs"):
        await worker.watch()


@asynccontextmanager
async def _followed(follower: Follower) -> AsyncIterator[None]:
    await follower.start()
    try:
        await follower.caught_up(READ_SECONDS)
        yield
    finally:
        await follower.stop()
