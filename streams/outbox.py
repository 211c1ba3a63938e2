"""Sends what a worker says: batches to explicit partitions, through the producer that Faust flushes before a commit.

`emit` never waits for an answer. It keeps the answer's future instead: one that fails ends the process, so the source
record is not committed and comes again. https://aiokafka.readthedocs.io/en/stable/api.html#aiokafka.AIOKafkaProducer
"""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from streams.failing import end_process

Header = tuple[str, bytes]


class Output(NamedTuple):
    """One record to send; *value* None is a tombstone."""

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


class Outbox:
    """Everything one worker sends. Build it beside the app; it connects with the app."""

    def __init__(self, app: Any) -> None:
        """Take the app (`streams.worker.create_app`) whose producer sends."""
        self._app = app
        self._unanswered: set[asyncio.Future[Any]] = set()

    @property
    def unanswered(self) -> int:
        """How many batches Kafka has not answered yet."""
        return len(self._unanswered)

    async def emit(self, topic: str, partition: int, outputs: Iterable[Output]) -> None:
        """Hand *outputs* to the producer in order; they are durable before the source record is committed.

        Waits only for room: one batch per partition is on its way and one is waiting.
        """
        await self.send(self._app.topic_prefix + topic, partition, outputs)

    async def settled(self) -> None:
        """Wait until Kafka has answered for everything emitted so far."""
        if self._unanswered:
            await asyncio.wait(set(self._unanswered))

    async def send(self, topic: str, partition: int, outputs: Iterable[Output]) -> None:
        """As `emit`, to the full name of a topic, as a changelog has it."""
        producer = self._app.producer._ensure_producer()
        batch = None
        for output in outputs:
            if batch is not None and not _append(batch, output):
                await self._close(producer, batch, topic, partition)
                batch = None
            if batch is None:
                batch = producer.create_batch()
                _append(batch, output)
        if batch is not None:
            await self._close(producer, batch, topic, partition)

    async def _close(self, producer: Any, batch: Any, topic: str, partition: int) -> None:
        batch.close()
        answer = await producer.send_batch(batch, topic, partition=partition)
        self._unanswered.add(answer)
        answer.add_done_callback(self._answered)

    def _answered(self, answer: asyncio.Future[Any]) -> None:
        self._unanswered.discard(answer)
        error = None if answer.cancelled() else answer.exception()
        if answer.cancelled() or error is not None:
            end_process("publish failed", error)


def _append(batch: Any, output: Output) -> bool:
    """Put *output* into *batch*; False when it is full. A batch takes its first record whatever its size."""
    taken = batch.append(timestamp=None, key=output.key, value=output.value, headers=list(output.headers))
    return taken is not None
