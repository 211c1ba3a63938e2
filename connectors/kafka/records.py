"""Single records, each with its key, published durably within bounds: product changes and refusals."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol

from connectors.kafka.lanes import MEMBER_OVERHEAD, Limits
from schemas.errors import TransientError
from schemas.topics import Topic


class PublishByKey(Protocol):
    """Returns when Kafka has the record, or raises `TransientError`."""

    def __call__(self, topic: Topic, value: bytes, *, key: bytes | None) -> Awaitable[None]:
        """Publish where *key* decides."""


class Keyed(NamedTuple):
    """One encoded record; without a key any partition will do."""

    key: bytes | None
    value: bytes


class RecordWriter:
    """Writes records durably; those of one key, written one after the other, stay in that order."""

    def __init__(self, publish: PublishByKey, limits: Limits) -> None:
        """Take how a record is published; of *limits* the waiting bytes and seconds apply."""
        self._publish = publish
        self._limits = limits
        self._under_way: set[asyncio.Task[None]] = set()
        self._pending = 0

    async def write(self, topic: Topic, records: Sequence[Keyed]) -> None:
        """Return once Kafka has all *records*.

        Raises:
            TransientError: too much waits already, or Kafka did not take them in time. Some may be there.
        """
        if not records:
            return
        size = sum(len(record.value) + MEMBER_OVERHEAD for record in records)
        if self._pending + size > self._limits.pending_bytes:
            raise TransientError("too much waits for kafka", self._limits.timeout_seconds)
        self._pending += size
        task = asyncio.create_task(self._all(topic, records))
        self._under_way.add(task)
        task.add_done_callback(lambda done: self._finished(done, size))
        done, _ = await asyncio.wait([task], timeout=self._limits.timeout_seconds)
        if not done:
            # It stays under way, and its bytes stay counted: a record that the producer holds cannot be called back.
            raise TransientError("kafka did not take it in time", self._limits.timeout_seconds)
        task.result()

    async def stop(self) -> None:
        """Wait until nothing is under way any more, at most as long as a sender waits."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=self._limits.timeout_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _all(self, topic: Topic, records: Sequence[Keyed]) -> None:
        sending = [self._publish(topic, record.value, key=record.key) for record in records]
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def _finished(self, task: asyncio.Task[None], size: int) -> None:
        self._under_way.discard(task)
        self._pending -= size
        if not task.cancelled():
            task.exception()  # seen, also where the sender has gone
