"""Reads the end of one partition, as far back as needed, and stops at what was its end when it began."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.records import EpochMillis


class Tail(NamedTuple):
    """How far back to read: to *since*, and besides *recent_records* records no older than *recent_since*."""

    topic: str
    partition: int
    since: EpochMillis
    recent_records: int
    recent_since: EpochMillis


class TailRecord(NamedTuple):
    """One record of a tail. *recent*: it is among the last `recent_records`."""

    key: bytes | None
    value: bytes | None
    recent: bool


async def read_tail(bootstrap_servers: str, tail: Tail) -> AsyncIterator[TailRecord]:
    """Yield the records of *tail*, oldest first.

    Raises:
        KafkaError: Kafka does not answer, or has no such topic.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # what is deleted meanwhile must not cost the rest
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        at = TopicPartition(tail.topic, tail.partition)
        consumer.assign([at])
        end = (await consumer.end_offsets([at]))[at]
        recent = max(end - tail.recent_records, await _offset_at(consumer, at, tail.recent_since, end))
        start = min(recent, await _offset_at(consumer, at, tail.since, end))
        consumer.seek(at, start)
        while start < end:
            fetched: dict[Any, list[Any]] = await consumer.getmany(at, timeout_ms=500)
            for record in fetched.get(at, ()):
                if record.offset < end:
                    yield TailRecord(record.key, record.value, record.offset >= recent)
            start = await consumer.position(at)
    finally:
        await consumer.stop()


async def _offset_at(consumer: AIOKafkaConsumer, at: TopicPartition, time: EpochMillis, end: int) -> int:
    found = (await consumer.offsets_for_times({at: max(0, time)}))[at]
    return end if found is None else int(found.offset)
