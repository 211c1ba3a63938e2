"""Keeps a worker's state: bytes by key, in memory, with a changelog in Kafka that every owner reads first.

Read a key once per envelope, change it with a pure rule, write it once. Emit outputs before you write state, and emit
again when an event comes twice: a kill may fall between an output and its state, in either order.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.faust_fixes import changelogs, epochs
from streams.outbox import Outbox, Output

# A start reads the changelog whole, so it must not grow far beyond the keys: small segments, compacted early.
# https://kafka.apache.org/documentation/#topicconfigs
CHANGELOG_CONFIG: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(32 * 1024 * 1024),
    "segment.ms": str(60 * 60 * 1000),
    "min.cleanable.dirty.ratio": "0.2",
    # A refused write would end the process, and the same record would again after a restart. Larger than an order can
    # be: what six browsers at most said, each in a request of `INGEST_MAX_BODY_BYTES` at most, and two webhooks.
    "max.message.bytes": str(8 * 1024 * 1024),
}


class Table:
    """One table of one worker. Its changelog is compacted, has the source's partitions, and is named by Faust."""

    def __init__(self, app: Any, name: str, outbox: Outbox) -> None:
        """Declare the table *name* (a plural noun) of *app*; writes leave through *outbox*."""
        self._app = app
        self._outbox = outbox
        self._table = app.Table(
            name,
            key_type=bytes,
            value_type=bytes,
            partitions=app.conf.topic_partitions,
            extra_topic_configs=CHANGELOG_CONFIG,
        )

    @property
    def changelog(self) -> str:
        """Full name of the changelog topic."""
        return str(self._table.changelog_topic_name)

    def get(self, key: bytes) -> bytes | None:
        """Return what is kept under *key*. Ask only for keys of the partition at hand."""
        value: bytes | None = self._table.data.data.get(key)
        return value

    async def put(self, partition: int, changes: Mapping[bytes, bytes | None]) -> None:
        """Set, or with None delete, each key of *changes*; *partition* is the one of the source record.

        The changelog has them before the source record is committed.
        """
        store = self._table.data
        for key, value in changes.items():
            if value is None:
                store.data.pop(key, None)
                store._key_partition.pop(key, None)
            else:
                store.data[key] = value
                store._key_partition[key] = partition  # so that it goes when the partition goes
        headers = (epochs.header(changelogs.epochs(store).get(partition, 0)),)
        await self._outbox.send(self.changelog, partition, (Output(*change, headers) for change in changes.items()))

    def items(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield partition, key and value of everything kept, as it is now; for sweepers."""
        store = self._table.data
        return iter([(partition, key, store.data[key]) for key, partition in store._key_partition.items()])

    def keys(self) -> list[bytes]:
        """List all keys, as they are now."""
        return list(self._table.data._key_partition)

    def partition_of(self, key: bytes) -> int | None:
        """Tell which partition *key* is of, if it is kept."""
        partition: int | None = self._table.data._key_partition.get(key)
        return partition

    def __len__(self) -> int:
        return len(self._table.data.data)
