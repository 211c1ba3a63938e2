"""One forward with topics of its own and a stand-in of Meta, to be started and killed."""

import asyncio
import contextlib
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from connectors.kafka import admin as topics_admin
from connectors.kafka import shops
from deploy.children import Child
from schemas.codec import Codec
from schemas.records import Destination, EnrichedEvent, Receipt
from schemas.settings import KafkaSettings
from schemas.topics import CONVERSIONS_DELIVERED, CONVERSIONS_PARKED, EVENTS_ENRICHED
from tests.contract.meta_process import TOKEN
from tests.forwarded import a_destination, enriched

ROOT = Path(__file__).parents[2]
CODEC = Codec.from_lock()
PARTITIONS = 2
DESTINATIONS = [a_destination(name="one", pixel_id="111"), a_destination(name="two", pixel_id="222")]


class Stage:
    """One forward with topics and a stand-in of its own."""

    def __init__(self, bootstrap: str, standin: str, folder: Path) -> None:
        self.env = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "STORESTREAM_PARTITIONS": str(PARTITIONS),
            "STORESTREAM_TOPIC_PREFIX": f"t{uuid.uuid4().hex[:8]}.",
            "META_GRAPH_URL": standin,
            "META_LINGER_SECONDS": "0.1",
            "META_BATCH_SIZE": "100",
            "META_RETRY_SECONDS": "2",
            "META_TOKEN_DEMO": TOKEN,
            "WORKER_SESSION_TIMEOUT_SECONDS": "6",
            "WORKER_FOLDER": str(folder),
        }
        self.kafka = KafkaSettings.model_validate(self.env)
        self.log = folder / "forward.log"
        self.meta = httpx.Client(base_url=standin)

    def start(self, name: str = "forward-1") -> Child:
        with self.log.open("ab") as output:
            return Child(
                [sys.executable, "-c", "from streams.forward import main; main()"],
                env={**os.environ, **self.env, "PYTHONPATH": str(ROOT), "WORKER_INSTANCE": name},
                output=output,
            )

    async def prepare(self, *configured: Any) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await admin.start()
        await topics_admin.apply(admin, self.kafka, await topics_admin.plan(admin, self.kafka))
        await admin.close()
        await shops.publish(self.kafka, CODEC, configured)

    async def say(self, values: Iterable[tuple[int, bytes]]) -> None:
        """Put *values*, each with its partition, on events.enriched."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap_servers, acks="all", linger_ms=5)
        await producer.start()
        topic = self.kafka.prefix + EVENTS_ENRICHED.name
        waiting = [await producer.send(topic, value, partition=partition) for partition, value in values]
        await asyncio.gather(*waiting)
        await producer.stop()

    async def read(self, topic: str) -> list[Any]:
        """Read everything on *topic*."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers, enable_auto_commit=False)
        await consumer.start()
        partitions = [TopicPartition(self.kafka.prefix + topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends, found = await consumer.end_offsets(partitions), []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=300)).values():
                found += [(record.key, CODEC.decode(record.value) if record.value else None) for record in records]
        await consumer.stop()
        return found

    async def receipts(self, expected: int, seconds: float = 120) -> list[tuple[bytes, Receipt]]:
        """Wait for *expected* different receipts."""
        deadline = time.monotonic() + seconds
        while True:
            found = await self.read(CONVERSIONS_DELIVERED.name)
            if len({key for key, _ in found}) >= expected:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {expected}\n{self.log.read_text()[-3000:]}"
            await asyncio.sleep(0.5)

    async def more_receipts(self, expected: int, seconds: float = 60) -> list[tuple[bytes, Receipt]]:
        """Wait for *expected* receipts, some of them of the same event."""
        deadline = time.monotonic() + seconds
        while len(found := await self.read(CONVERSIONS_DELIVERED.name)) < expected:
            assert time.monotonic() < deadline, f"{len(found)} of {expected}\n{self.log.read_text()[-3000:]}"
            await asyncio.sleep(0.5)
        return found

    async def until_committed(self, seconds: float = 60) -> None:
        """Wait until the worker's group has committed everything on events.enriched."""
        deadline = time.monotonic() + seconds
        partitions = [TopicPartition(self.kafka.prefix + EVENTS_ENRICHED.name, n) for n in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers, group_id=None)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await consumer.start()
        await admin.start()
        try:
            while await self._behind(consumer, admin, partitions):
                assert time.monotonic() < deadline, self.log.read_text()[-3000:]
                await asyncio.sleep(0.5)
        finally:
            await admin.close()
            await consumer.stop()

    async def _behind(
        self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, partitions: list[TopicPartition]
    ) -> bool:
        ends = await consumer.end_offsets(partitions)
        try:
            done = await admin.list_consumer_group_offsets(self.kafka.prefix + "forward")
        except GroupCoordinatorNotAvailableError:  # nobody has committed on this broker yet
            return True
        return any(end > (done[tp].offset if tp in done else 0) for tp, end in ends.items())

    async def until_shared(self, workers: int, seconds: float = 30) -> None:
        """Wait until so many *workers* have dealt the partitions out among them."""
        deadline = time.monotonic() + seconds
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await admin.start()
        try:
            while True:
                with contextlib.suppress(KafkaError):  # a broker's first group has no coordinator for a moment
                    (answer,) = await admin.describe_consumer_groups([self.kafka.prefix + "forward"])
                    _, _, state, _, _, members, *_ = answer.groups[0]
                    if state == "Stable" and len(members) == workers:
                        return
                assert time.monotonic() < deadline, self.log.read_text()[-3000:]
                await asyncio.sleep(0.2)
        finally:
            await admin.close()

    async def until_nothing_is_parked(self, seconds: float = 30) -> None:
        """Wait until every lane has joined the worker's own reading."""
        deadline = time.monotonic() + seconds
        while True:
            latest = dict(await self.read(CONVERSIONS_PARKED.name))
            if not any(latest.values()):
                return
            assert time.monotonic() < deadline, f"{latest}\n{self.log.read_text()[-3000:]}"
            await asyncio.sleep(0.5)

    def taken(self, pixel_id: str) -> Counter[str]:
        """Count by event id what the stand-in accepted for *pixel_id*."""
        counted: Counter[str] = Counter()
        cursor: int | None = 0
        while cursor is not None:
            page = self.meta.get("/_received", params={"pixel_id": pixel_id, "limit": 10_000, "cursor": cursor}).json()
            counted.update(each["event"]["event_id"] for each in page["events"])
            cursor = page["next_cursor"]
        return counted


def envelope(*events: EnrichedEvent) -> bytes:
    """Write *events* as stitch does."""
    return CODEC.encode("EnrichedEnvelope", {"events": list(events), "sessions": [], "orders": [], "timelines": []})


def just_now(**changes: Any) -> EnrichedEvent:
    """A product view five seconds ago."""
    return enriched(occurred_at=int(time.time() * 1000) - 5_000, **changes)


def keys(events: Iterable[EnrichedEvent], destinations: Iterable[Destination] = DESTINATIONS) -> set[bytes]:
    """Name the receipts to expect."""
    ids = [each["event"]["event_id"] for each in events]
    return {f"demo|{event_id}|{destination['name']}".encode() for destination in destinations for event_id in ids}
