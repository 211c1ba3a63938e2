"""Asks forward to send again what a destination refused or was not sent: one order for each partition.

An order names a stretch of `events.enriched`. Forward reads it, sends what has no accepted receipt under the same event
id, and applies today's settings and rules: what is too old or may not be sent is skipped once more.
"""

import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.codec import Codec
from schemas.records import EpochMillis, Parked
from schemas.settings import KafkaSettings
from schemas.topics import CONVERSIONS_PARKED, EVENTS_ENRICHED
from streams.forwarding.parking import REPLAY, key_of

DAY_MS: Final = 86_400_000


async def order_replay(
    kafka: KafkaSettings, codec: Codec, route: tuple[str, str], days: int, reasons: Sequence[str]
) -> int:
    """Order a replay of the last *days* for *route*, shop and destination; return how many records are read for it.

    Raises:
        KafkaError: Kafka does not answer.
    """
    now_ms = int(time.time() * 1000)
    stretches = await _stretches(kafka, now_ms - days * DAY_MS)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for partition, (offset, until) in stretches.items():
            order = Parked(
                kind=REPLAY,
                shop_id=route[0],
                destination=route[1],
                offset=offset,
                until=until,
                since=now_ms - days * DAY_MS,
                parked_at=now_ms,
                generation=0,
                reasons=list(reasons),
                event=None,
                waits_in=None,
            )
            topic, value = kafka.prefix + CONVERSIONS_PARKED.name, codec.encode("Parked", order)
            await producer.send_and_wait(topic, value, key=key_of(order), partition=partition)
    finally:
        await producer.stop()
    return sum(until - offset for offset, until in stretches.values())


async def _stretches(kafka: KafkaSettings, since: EpochMillis) -> dict[int, tuple[int, int]]:
    """Find, for each partition with records since *since*, the first of their offsets and the one after the last."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(kafka.prefix + EVENTS_ENRICHED.name, n) for n in range(kafka.partitions)]
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.offsets_for_times(dict.fromkeys(partitions, max(0, since)))
        return {tp.partition: (found.offset, ends[tp]) for tp in partitions if (found := begins[tp]) is not None}
    finally:
        await consumer.stop()
