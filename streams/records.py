"""Gives an agent its records one at a time, and acknowledges each only when the body asks for the next.

In: the Faust stream of an agent. Out: `Record`s. A body that raises, or is cut off, leaves its record unacknowledged.
"""

import asyncio
import time
from typing import Any, Final, NamedTuple

MEANT_FOR: Final = "meant-for"
"""Header with the name of the one worker a record is for: one that it had rejected, and that is sent again."""


class Record(NamedTuple):
    """One Kafka record. *topic* is the name as declared in `schemas.topics`, *timestamp* is Kafka's, in seconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: float
    headers: tuple[tuple[str, bytes], ...]
    event: Any
    """Faust's own event; compare and keep, but do not acknowledge it yourself."""


class Records:
    """The records of one agent, in each partition's order: `async for record in records`.

    Iterate in one place only. For batches, acknowledged by hand, see `streams.batches.unacked`.
    """

    def __init__(self, stream: Any, *, prefix: str = "") -> None:
        """Take an agent's *stream*; *prefix* is what topic names begin with here and not in `schemas.topics`."""
        self._app = stream.app
        self._channel = stream.channel
        self._queue = stream.channel.queue
        self._prefix = len(prefix)
        self._in_hand: set[Any] = set()
        self._current: Record | None = None
        self.closed = False
        """Whether the worker is stopping: no record comes any more."""
        self.waiting_since: float | None = None
        """`time.monotonic()` since which the body waits for Kafka; None while it works."""

    def __aiter__(self) -> "Records":
        return self

    async def __anext__(self) -> Record:
        """Acknowledge the record before, and return the next."""
        if self._current is not None:
            self.ack(self._current)
            self._current = None
            await asyncio.sleep(0)  # a full buffer must not keep heartbeats and commits from running
        self._current = await self.take()
        return self._current

    @property
    def in_hand(self) -> int:
        """How many records have been taken and not acknowledged."""
        return len(self._in_hand)

    async def take(self) -> Record:
        """Return the next record and leave its acknowledgement to the caller.

        Raises:
            StopAsyncIteration: the worker is stopping.
        """
        while not self.closed:
            record = self.take_nowait()
            if record is not None:
                return record
            if self.closed:
                break
            self.waiting_since = time.monotonic()
            try:
                record = self._accept(await self._channel.__anext__())
            except StopAsyncIteration:
                self.closed = True
            finally:
                self.waiting_since = None
            if record is not None:
                return record
        raise StopAsyncIteration

    def take_nowait(self) -> Record | None:
        """Return the next record if one is here already."""
        try:
            while not self._queue.empty():
                record = self._accept(self._queue.get_nowait())
                if record is not None:
                    return record
        except StopAsyncIteration:  # Faust puts it among the records when it stops an agent
            self.closed = True
        return None

    def ack(self, *records: Record) -> None:
        """Say that all work of *records* is done and durable, or safely with the worker's producer."""
        for record in records:
            self._in_hand.discard(record.event)
            self._app.consumer._unacked_messages.discard(record.event.message)
            if record.event.message.generation_id == self._app.consumer_generation_id:
                record.event.ack()

    def _accept(self, event: Any) -> Record | None:
        """Take charge of *event*, unless a rebalance has overtaken it: then its partition's owner reads it anew."""
        message = event.message
        if not self._app.flow_control.is_active() or message.generation_id != self._app.consumer_generation_id:
            return None
        message.tracked = True
        self._app.consumer._unacked_messages.add(message)  # a rebalance waits for these
        self._in_hand.add(event)
        return Record(
            message.topic[self._prefix :],
            message.partition,
            message.offset,
            message.key,
            message.value,
            message.timestamp,
            tuple(message.headers or ()),
            event,
        )
