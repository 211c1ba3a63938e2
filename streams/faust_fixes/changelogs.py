"""Reads changelogs into tables, with a consumer of its own and without the group.

Faust sends every record through fetcher, conductor, queue and a loop that logs errors and goes on: 7,000 records/s.
"""

from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list
from faust.types import TP

FETCH_RECORDS = 5_000


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
    """Bring every table of *recovery* up to date with the partitions it has been assigned.

    Raises:
        KafkaError: the changelogs cannot be read; the worker must not go on.
    """
    partitions = [TopicPartition(tp.topic, tp.partition) for tp in recovery.active_tps]
    consumer = _consumer(recovery.app)
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await _start_after_what_is_known(recovery, consumer, await consumer.beginning_offsets(partitions))
        while [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
            for tp, records in (await consumer.getmany(timeout_ms=200, max_records=FETCH_RECORDS)).items():
                _take(recovery, TP(tp.topic, tp.partition), records)
    finally:
        await consumer.stop()


def _consumer(app: Any) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=server_list(app.transport.url, app.transport.default_port),
        client_id=f"{app.conf.broker_client_id}-recovery",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        check_crcs=app.conf.broker_check_crcs,
        **credentials_to_aiokafka_auth(app.conf.broker_credentials, app.conf.ssl_context),
    )


async def _start_after_what_is_known(recovery: Any, consumer: Any, beginnings: dict[TopicPartition, int]) -> None:
    for partition, beginning in beginnings.items():
        tp = TP(partition.topic, partition.partition)
        known = recovery.active_offsets.get(tp)
        if known is None:
            _forget(recovery.tp_to_table[tp].data, tp.partition)
        consumer.seek(partition, beginning if known is None else max(beginning, known + 1))


def _forget(store: Any, partition: int) -> None:
    """Drop what a memory store has kept of a partition that was lost and came back."""
    owners: dict[Any, int] = getattr(store, "_key_partition", {})
    for key in [key for key, owner in owners.items() if owner == partition]:
        store.data.pop(key, None)
        del owners[key]


def _take(recovery: Any, tp: TP, records: list[Any]) -> None:
    changes = [Change(tp, record.offset, record.key, record.value) for record in records]
    recovery.tp_to_table[tp].apply_changelog_batch(changes)
    recovery.active_offsets[tp] = changes[-1].offset
