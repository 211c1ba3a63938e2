"""Gathers members into envelopes per topic and partition, and tells each sender when Kafka has its members.

One envelope of a partition is under way at a time, so the members of a partition keep their order. What waits is
bounded in bytes and in time: past either a sender gets `TransientError`, and what it waited for is dropped unless
it is already under way.
"""

import asyncio
import time
from collections import Counter as Tally
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from prometheus_client import Counter, Gauge, Histogram

from connectors.kafka.lanes import MEMBER_OVERHEAD, Lane, Limits, Member, Receipt
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.topics import Topic

ENVELOPES: Final = Counter("ingest_envelopes_published", "Envelopes that Kafka has.", ("topic",))
MEMBERS: Final = Counter("ingest_members_published", "Members of those envelopes.", ("topic",))
PENDING: Final = Gauge("ingest_pending_bytes", "Bytes that wait for Kafka or are under way.")
PUBLISH_SECONDS: Final = Histogram(
    "ingest_publish_seconds",
    "From handing an envelope over to Kafka's acknowledgement.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)


class Publish(Protocol):
    """Returns when Kafka has the record, or raises `TransientError`."""

    async def __call__(self, topic: Topic, value: bytes, *, partition: int) -> None:
        """Publish to an explicit *partition*."""


class Addressed(NamedTuple):
    """One encoded member and where it goes."""

    partition: int
    value: bytes


class EnvelopeWriter:
    """Writes members durably; call from one event loop."""

    def __init__(self, publish: Publish, codec: Codec, limits: Limits) -> None:
        """Take how a record is published; nothing runs until something is written."""
        self._publish = publish
        self._codec = codec
        self._limits = limits
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._pending = 0

    async def write(self, topic: Topic, members: Sequence[Addressed]) -> None:
        """Return once Kafka has all *members*; those of one partition arrive in their order.

        Raises:
            TransientError: too much waits already, or Kafka did not take them in time. Some may be there.
        """
        if not members:
            return
        size = sum(len(member.value) + MEMBER_OVERHEAD for member in members)
        if self._pending + size > self._limits.pending_bytes:
            raise TransientError("too much waits for kafka", self._limits.timeout_seconds)
        receipt = Receipt(len(members))
        for member in members:
            self._lane(topic, member.partition).add(Member(member.value, receipt))
        try:
            async with asyncio.timeout(self._limits.timeout_seconds):
                await receipt.durable
        except BaseException as exc:
            for partition, abandoned in Tally(member.partition for member in members).items():
                self._lane(topic, partition).forget(abandoned)
            if isinstance(exc, TimeoutError):
                raise TransientError("kafka did not take it in time", self._limits.timeout_seconds) from None
            raise

    async def stop(self) -> None:
        """Wait until nothing is under way any more, at most as long as a sender waits."""
        running = [lane.task for lane in self._lanes.values() if lane.task is not None]
        if running:
            _, late = await asyncio.wait(running, timeout=self._limits.timeout_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait or are under way, overhead included."""
        return self._pending

    def _lane(self, topic: Topic, partition: int) -> Lane:
        lane = self._lanes.get((topic.name, partition))
        if lane is None:

            async def send(values: list[bytes]) -> None:
                began = time.perf_counter()
                await self._publish(topic, self._codec.envelope(topic.value, values), partition=partition)
                PUBLISH_SECONDS.observe(time.perf_counter() - began)
                ENVELOPES.labels(topic.name).inc()
                MEMBERS.labels(topic.name).inc(len(values))

            lane = self._lanes[topic.name, partition] = Lane(self._limits, send, self._count)
        return lane

    def _count(self, change: int) -> None:
        self._pending += change
        PENDING.set(self._pending)
