"""Reads changelogs into tables, with a consumer of its own and without the group.

Faust sends every record through fetcher, conductor, queue and a loop that logs errors and goes on: 7,000 records/s.
"""

import asyncio
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list
from faust.types import TP

from streams.faust_fixes.epochs import Reading, header

FETCH_RECORDS = 5_000
FETCH_BYTES = 8 * 1024 * 1024


class Change(NamedTuple):
    """One record of a changelog, in the shape of the Faust event that stores take."""

    tp: TP
    offset: int
    key: bytes
    value: bytes | None

    @property
    def partition(self) -> int:
        """Which partition it is from."""
        return int(self.tp.partition)

    @property
    def message(self) -> "Change":
        """Itself: bytes tables know no other form."""
        return self


async def read_changelogs(recovery: Any) -> None:
    """Bring every table of *recovery* up to date with the partitions it has been assigned, and become their owner.

    Raises:
        KafkaError: the changelogs cannot be read; the worker must not go on.
    """
    readings = {tp: _begin(recovery, tp) for tp in recovery.active_tps}
    partitions = [TopicPartition(tp.topic, tp.partition) for tp in readings]
    consumer = _consumer(recovery.app)
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        _seek(recovery, consumer, await consumer.beginning_offsets(partitions))
        while [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
            for partition, records in (await consumer.getmany(timeout_ms=200, max_records=FETCH_RECORDS)).items():
                tp = TP(partition.topic, partition.partition)
                _take(recovery, tp, readings[tp], records)
    finally:
        await consumer.stop()
    await asyncio.gather(*(_own(recovery, tp, reading) for tp, reading in readings.items()))


def epochs(store: Any) -> dict[int, int]:
    """Return the numbers under which this process owns partitions of a table's *store*."""
    owned: dict[int, int] = store.__dict__.setdefault("epochs", {})
    return owned


def _consumer(app: Any) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=server_list(app.transport.url, app.transport.default_port),
        client_id=f"{app.conf.broker_client_id}-recovery",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=FETCH_BYTES,
        check_crcs=app.conf.broker_check_crcs,
        **credentials_to_aiokafka_auth(app.conf.broker_credentials, app.conf.ssl_context),
    )


def _begin(recovery: Any, tp: TP) -> Reading:
    """Go on after what is known of *tp*; or forget what a memory store kept of a partition that comes back."""
    store = recovery.tp_to_table[tp].data
    if recovery.active_offsets.get(tp) is not None:
        return Reading(epochs(store).get(tp.partition, 0))
    owners: dict[Any, int] = getattr(store, "_key_partition", {})
    for key in [key for key, owner in owners.items() if owner == tp.partition]:
        store.data.pop(key, None)
        del owners[key]
    return Reading()


def _seek(recovery: Any, consumer: Any, beginnings: dict[TopicPartition, int]) -> None:
    for partition, beginning in beginnings.items():
        known = recovery.active_offsets.get(TP(partition.topic, partition.partition))
        consumer.seek(partition, beginning if known is None else max(beginning, known + 1))


def _take(recovery: Any, tp: TP, reading: Reading, records: list[Any]) -> None:
    changes = [Change(tp, record.offset, record.key, record.value) for record in reading.valid(records)]
    recovery.tp_to_table[tp].apply_changelog_batch(changes)
    recovery.active_offsets[tp] = records[-1].offset


async def _own(recovery: Any, tp: TP, reading: Reading) -> None:
    """Take the next number for *tp*, and write again the keys behind which a former owner has written."""
    table = recovery.tp_to_table[tp]
    epoch = epochs(table.data)[tp.partition] = reading.next_epoch()
    producer = recovery.app.producer._ensure_producer()
    for key in reading.late:
        await producer.send_and_wait(
            tp.topic, table.data.data.get(key), key=key, partition=tp.partition, headers=[header(epoch)]
        )
