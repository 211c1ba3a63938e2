"""The same stitching without Faust: an aiokafka loop with its state in dictionaries and its changelog in Kafka.

It never commits, has no rebalance and loses its state with its process: the least that could do the work at all.
With `--decode-only` it reads and decodes, and says one empty record for each.
"""

import asyncio
import sys
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas import topics
from schemas.codec import Codec
from schemas.settings import KafkaSettings, settings
from streams.rules.catalogs import Catalog
from streams.stitching import Source, Stitcher
from tests.benchmarks.traffic import products


async def main(*, stitched: bool) -> None:
    """Work for ever."""
    kafka, codec = settings(KafkaSettings), Codec.from_lock()
    name = topics.EVENTS_RECEIVED.name
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, max_partition_fetch_bytes=4_000_000)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers,
        linger_ms=20,
        max_batch_size=128 * 1024,
        max_request_size=4 * 1024 * 1024,
        compression_type="zstd",
    )
    async with consumer, producer:
        places = [TopicPartition(kafka.prefix + name, number) for number in range(kafka.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        loop = Loop(codec, producer, kafka.prefix)
        while True:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    source = Source(name, record.partition, record.offset, record.value, record.timestamp)
                    await (loop.stitch(source) if stitched else loop.decode(source))


class Loop:
    """What is done with each record."""

    def __init__(self, codec: Codec, producer: Any, prefix: str) -> None:
        self._codec, self._producer, self._prefix = codec, producer, prefix
        self._visitors: dict[bytes, bytes | None] = {}
        catalog = Catalog()
        for change in products():
            catalog.apply(change)
        self._stitcher = Stitcher(codec, catalog, {}, read_visitor=self._visitors.get, read_checkout=self._visitors.get)

    async def stitch(self, source: Source) -> None:
        outcome = self._stitcher.stitch(source)
        for envelope in outcome.envelopes():
            await self._producer.send(self._prefix + topics.EVENTS_ENRICHED.name, envelope, partition=source.partition)
        for link in outcome.links:
            await self._producer.send(
                self._prefix + topics.IDENTITIES_LINKED.name, link.value, partition=source.partition
            )
        for key, value in outcome.visitors.items():
            self._visitors[key] = value
            # The changelog's stand-in: any topic nobody reads here.
            await self._producer.send(
                self._prefix + topics.PRODUCTS_SYNCED.name, value, key=key, partition=source.partition
            )

    async def decode(self, source: Source) -> None:
        self._codec.decode(source.value)
        await self._producer.send(self._prefix + topics.EVENTS_ENRICHED.name, b"", partition=source.partition)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(stitched="--decode-only" not in sys.argv))
