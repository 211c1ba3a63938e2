"""Wires the stitcher to Kafka: records in; enriched envelopes, links, rejections and state out; holds watched over.

Outputs leave before state is written, and the stitcher says them again when a record comes twice: wherever a kill
falls, nothing is lost, and what is doubled has the same id.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import structlog

from connectors.kafka import registry, shops
from connectors.kafka.follower import Follower
from connectors.kafka.partitioning import partition_of
from schemas import topics
from schemas.codec import Codec
from schemas.settings import KafkaSettings, RegistrySettings, settings
from streams.failing import fail_stop, following_ended
from streams.outbox import Outbox, Output
from streams.records import Record, Records
from streams.rules.catalogs import Catalog
from streams.rules.states import checkout_from_bytes, heard_of, heard_of_checkout, is_waiting, without_contact
from streams.stitching import metrics
from streams.stitching.catalog_reader import CatalogReader
from streams.stitching.forgetting import Forgetter
from streams.stitching.holds import Holds, Place, Progress, due_of, now_ms
from streams.stitching.outcomes import Addressed, Outcome, Shops, Source
from streams.stitching.stitcher import Stitcher
from streams.stitching.terms import hold_seconds, place_days, visitor_days
from streams.tables import Table

SWEEP_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 1.0
READ_TOPICS: Final = (topics.EVENTS_RECEIVED.name, topics.ORDERS_RECEIVED.name, topics.IDENTITIES_LINKED.name)

log = structlog.get_logger()


class Tables(NamedTuple):
    """What is remembered: by `shop|visitor`, and by `shop|checkout`."""

    visitors: Table
    checkouts: Table


class StitchWorker:
    """One stitch process at work. Get it from `at_work`."""

    def __init__(
        self, app: Any, outbox: Outbox, tables: Tables, codec: Codec, *, shops: Shops, catalog: Catalog
    ) -> None:
        """Take the worker's parts, and what it stitches against."""
        self._app, self._outbox, self._codec, self._shops = app, outbox, codec, shops
        self._visitors, self._checkouts = tables
        self._partitions = settings(KafkaSettings).partitions
        self._holds = Holds()
        self._generation: int | None = None
        self._forgetters = (
            (self._visitors, Forgetter(self._visitors, heard_of, lambda shop, _: visitor_days(shops, shop))),
            (
                self._checkouts,
                Forgetter(self._checkouts, heard_of_checkout, partial(place_days, shops), without_contact),
            ),
        )
        self._stitcher = Stitcher(
            codec, catalog, shops, read_visitor=self._visitors.get, read_checkout=self._checkouts.get
        )

    async def take(self, record: Record) -> None:
        """Stitch one record: say what comes of it, then keep it."""
        written_at = int(record.timestamp * 1000)
        outcome = self._stitcher.stitch(Source(record.topic, record.partition, record.offset, record.value, written_at))
        await self._say(record.partition, outcome)
        if outcome.visitors:
            await self._visitors.put(record.partition, outcome.visitors)
        if outcome.checkouts:
            await self._checkouts.put(record.partition, outcome.checkouts)
        self._holds.note_due(record.partition, outcome.due)
        self._holds.note_read(record.topic, record.partition, record.offset, outcome.received_at)
        metrics.count(outcome.counts)
        await self._forget(record.partition, outcome.received_at)

    async def _forget(self, partition: int, received_at: int) -> None:
        for table, forgetter in self._forgetters:
            over = forgetter.due(partition, received_at)
            if over:
                await table.put(partition, over)
                metrics.FORGOTTEN.inc(sum(kept is None for kept in over.values()))

    async def _say(self, partition: int, outcome: Outcome) -> None:
        enriched = [Output(None, envelope) for envelope in outcome.envelopes()]
        if enriched:
            await self._outbox.emit(topics.EVENTS_ENRICHED.name, partition, enriched)
        if outcome.rejected:
            rejected = (Output(None, each) for each in outcome.rejected)
            await self._outbox.emit(topics.RECORDS_REJECTED.name, partition, rejected)
        if outcome.links:
            await self._tell(outcome.links)

    async def _tell(self, links: list[Addressed]) -> None:
        by_partition: dict[int, list[Output]] = {}
        for shop_id, identifier, value in links:
            partition = partition_of(shop_id, identifier, self._partitions)
            by_partition.setdefault(partition, []).append(Output(f"{shop_id}|{identifier}".encode(), value))
        for partition, outputs in by_partition.items():
            await self._outbox.emit(topics.IDENTITIES_LINKED.name, partition, outputs)

    async def sweep(self, records: Records) -> None:
        """Tell checkouts, for ever, that their hold is over."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            if self._app.rebalancing or not self._app.flow_control.is_active():
                continue
            self._watch_what_is_ours()
            idle_since = records.waiting_since
            is_idle = idle_since is not None and time.monotonic() - idle_since > IDLE_SECONDS
            over = self._holds.over(self._holds.stream_time(self._places(), now_ms(), is_idle=is_idle))
            if over:
                await self._tell(
                    [Addressed(link["shop_id"], link["identifier"], self._codec.encode("Link", link)) for link in over]
                )
                log.info("holds over", orders=len(over))

    def _watch_what_is_ours(self) -> None:
        """After a rebalance, find what waits on our partitions; their tables have been read."""
        generation = self._app.consumer_generation_id
        if generation == self._generation:
            return
        self._holds.forget()
        for partition, key, written in self._checkouts.items():
            if is_waiting(written):
                shop_id, _, checkout = key.decode().partition("|")
                hold_ms = hold_seconds(self._shops, shop_id) * 1000
                self._holds.note_due(partition, {key: due_of(shop_id, checkout, checkout_from_bytes(written), hold_ms)})
        self._generation = generation

    def _places(self) -> dict[Place, Progress]:
        consumer, prefix = self._app.consumer, len(self._app.topic_prefix)
        return {
            (tp.topic[prefix:], tp.partition): Progress(consumer._committed_offset[tp], consumer.highwater(tp))
            for tp in consumer.assignment()
            if tp.topic[prefix:] in READ_TOPICS
        }


@asynccontextmanager
async def at_work(app: Any, outbox: Outbox, tables: Tables, records: Records) -> AsyncIterator[StitchWorker]:
    """Give a worker that knows all shops and the whole catalog on entry, and follows both until exit."""
    kafka = settings(KafkaSettings)
    codec = await registry.codec(settings(RegistrySettings), kafka)
    catalog = Catalog()
    followed = shops.following(kafka, codec, failed=following_ended)
    async with followed as directory, _following(kafka, CatalogReader(codec, catalog)):
        log.info("catalog read", products=len(catalog), shops=len(directory.all()))
        worker = StitchWorker(app, outbox, tables, codec, shops=directory, catalog=catalog)
        sweeper = asyncio.create_task(_sweep(worker, records), name="sweep holds")
        try:
            yield worker
        finally:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)


async def _sweep(worker: StitchWorker, records: Records) -> None:
    with fail_stop("sweep holds"):
        await worker.sweep(records)


@asynccontextmanager
async def _following(kafka: KafkaSettings, reader: CatalogReader) -> AsyncIterator[None]:
    topic = kafka.prefix + topics.PRODUCTS_CHANGED.name
    follower = Follower(kafka.bootstrap_servers, topic, reader.apply, failed=following_ended)
    await follower.start()
    try:
        await follower.caught_up()
        yield
    finally:
        await follower.stop()
