"""Reads one partition from an offset on, without a consumer group, for as long as one likes.

async with reading(kafka.bootstrap_servers, topic, partition, offset) as reader:
    records = await reader.next()
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import TransientError

WAIT_MS: Final = 500
FETCH_BYTES: Final = 512 * 1024


class Reader:
    """A place in one partition. *position* is the offset of what comes next, *end* where it ended at first."""

    def __init__(self, consumer: Any, at: TopicPartition, position: int, end: int) -> None:
        """Take a consumer that is there already."""
        self._consumer, self._at, self.position, self.end = consumer, at, position, end

    async def next(self) -> list[Any]:
        """Return the records that are there; none after half a second without any.

        Raises:
            TransientError: Kafka does not answer.
        """
        try:
            fetched = await self._consumer.getmany(self._at, timeout_ms=WAIT_MS)
            self.position = await self._consumer.position(self._at)
        except KafkaError as exc:
            raise TransientError(f"reading was interrupted: {type(exc).__name__}") from None
        records: list[Any] = fetched.get(self._at, [])
        return records


@asynccontextmanager
async def reading(bootstrap_servers: str, topic: str, partition: int, offset: int) -> AsyncIterator[Reader]:
    """Give a reader that begins at *offset*, or at what is left when that has been deleted.

    Raises:
        TransientError: Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        yield await _placed(consumer, TopicPartition(topic, partition), offset)
    finally:
        await consumer.stop()


async def _placed(consumer: Any, at: TopicPartition, offset: int) -> Reader:
    try:
        await consumer.start()
        consumer.assign([at])
        position = max(offset, (await consumer.beginning_offsets([at]))[at])
        end = (await consumer.end_offsets([at]))[at]
    except KafkaError as exc:
        raise TransientError(f"a partition cannot be read: {type(exc).__name__}") from None
    consumer.seek(at, position)
    return Reader(consumer, at, position, end)
