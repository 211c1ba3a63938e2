"""Follows a compacted topic from its beginning, without a consumer group: settings and catalogs in memory.

A `Follower` hands every record to *apply*; `caught_up()` waits until all that was there at the start is in.
Measured: 100,000 products in 0.3 s, where a Faust GlobalTable takes 16 s.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import TransientError
from schemas.records import EpochMillis

log = structlog.get_logger()

RETRY_SECONDS: Final = 1.0
METADATA_AGE_MS: Final = 60_000
"""How soon partitions added to the topic are noticed."""


class Follower:
    """Reads all partitions of *topic* for ever. *apply* must not raise: it gets each record in partition order.

    Outages are waited for, as is a topic that is not there yet. A topic made anew is read from its beginning.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        apply: Callable[[Any], None],
        *,
        since: EpochMillis | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Take where to read and what to do with each record; connects to nothing yet.

        *since*: begin with the first record Kafka got at or after it, for a topic that is not compacted. *failed*: is
        told what ended the following, so that a process need not go on with what stands still.
        """
        self._failed = failed
        self._since = since
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._apply = apply
        self._caught_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._next: dict[TopicPartition, int] = {}
        self._asked: list[asyncio.Future[None]] = []
        self._promised: list[tuple[dict[TopicPartition, int], list[asyncio.Future[None]]]] = []

    async def start(self) -> None:
        """Begin to follow in the background."""
        self._task = asyncio.create_task(self._follow_for_ever(), name=f"follow {self._topic}")
        self._task.add_done_callback(self._report)

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def caught_up(self, timeout_seconds: float = 60.0) -> None:
        """Wait until everything that was on the topic at the start has been applied.

        Raises:
            TransientError: when that takes longer than *timeout_seconds*.
            Exception: what *apply* raised, which ended the following.
        """
        if self._task is None:
            raise RuntimeError("a follower that was not started never catches up")
        waiting = asyncio.ensure_future(self._caught_up.wait())
        try:
            await asyncio.wait({waiting, self._task}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.done():
            self._task.result()
        if not self._caught_up.is_set():
            raise TransientError(f"topic {self._topic} was not read to its end in {timeout_seconds:g} s")

    async def until_now(self) -> None:
        """Wait until everything that is on the topic at this moment has been applied, for as long as it takes."""
        if self._task is None:
            raise RuntimeError("a follower that was not started never catches up")
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(told)
        await asyncio.wait({told, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            self._task.result()

    async def ended(self) -> None:
        """Wait until the following ends and raise what *apply* raised; for a process that must not go on without."""
        if self._task is not None:
            await asyncio.shield(self._task)

    @property
    def is_caught_up(self) -> bool:
        """Whether the first reading has reached its end, and the following goes on."""
        return self._caught_up.is_set() and (self._task is None or not self._task.done())

    async def _follow_for_ever(self) -> None:
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as exc:
                log.warning("following interrupted", topic=self._topic, error=type(exc).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        """Read until partitions are added or Kafka gives up on us; where it went on is kept in `_next`."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap_servers,
            auto_offset_reset="earliest",  # offsets out of range: another topic of the same name, to be read whole
            metadata_max_age_ms=METADATA_AGE_MS,
            fetch_max_wait_ms=100,
            enable_auto_commit=False,
        )
        try:
            await consumer.start()
            ends = await self._assign(consumer)
            while len(consumer.partitions_for_topic(self._topic) or ()) <= len(ends):
                fetched: dict[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(timeout_ms=200)
                for records in fetched.values():
                    for record in records:
                        self._apply(record)
                await self._note_progress(consumer, ends)
                await self._answer(consumer, list(ends))
        finally:
            await consumer.stop()

    async def _assign(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Take every partition, each where it was left; returns where they end now."""
        numbers = await self._partition_numbers(consumer)
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        for partition in partitions:
            if partition in self._next:
                consumer.seek(partition, self._next[partition])
        if fresh := [partition for partition in partitions if partition not in self._next]:
            await self._begin(consumer, fresh)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return ends

    async def _begin(self, consumer: AIOKafkaConsumer, fresh: list[TopicPartition]) -> None:
        if self._since is None:
            await consumer.seek_to_beginning(*fresh)
            return
        places = await consumer.offsets_for_times(dict.fromkeys(fresh, self._since))
        for partition in fresh:
            place = places[partition]
            if place is None:
                await consumer.seek_to_end(partition)
            else:
                consumer.seek(partition, place.offset)

    async def _partition_numbers(self, consumer: AIOKafkaConsumer) -> set[int]:
        while True:
            consumer._client.set_topics([self._topic])
            await consumer._client.force_metadata_update()
            if numbers := consumer.partitions_for_topic(self._topic):
                found: set[int] = numbers
                return found
            await asyncio.sleep(RETRY_SECONDS)

    async def _note_progress(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        # Positions, not the last records: compaction and deletion leave gaps, also at the end.
        for partition in ends:
            self._next[partition] = await consumer.position(partition)
        if not self._caught_up.is_set() and all(self._next[partition] >= end for partition, end in ends.items()):
            self._caught_up.set()

    async def _answer(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        """Tell those who wait for what was there when they asked."""
        if self._asked:
            asked, self._asked = self._asked, []
            self._promised.append((await consumer.end_offsets(partitions), asked))
        for ends, waiting in list(self._promised):
            if all(self._next.get(partition, 0) >= end for partition, end in ends.items()):
                self._promised.remove((ends, waiting))
                for told in waiting:
                    if not told.done():
                        told.set_result(None)

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()):
            log.critical("following ended", topic=self._topic, error=type(failure).__name__)
            if self._failed is not None:
                self._failed(failure)
