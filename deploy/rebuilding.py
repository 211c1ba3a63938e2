"""Makes tables anew from Kafka beside the live ones, and switches over: what `storestream replay` does.

Rows that Kafka may no longer have are copied from the live table; everything since is made again by the code of today.
Meanwhile the archive writes into the live table as ever. After the switch, what came meanwhile is read once more into
the new one; a row that is there already is the same row (ReplacingMergeTree), so nothing is lost and nothing doubled.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from analytics import switching
from analytics.switching import SUFFIX, Difference
from connectors.clickhouse.client import connect, errors_translated
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import COLUMNS
from connectors.clickhouse.rows.values import Row
from connectors.kafka.readers import reading
from schemas.codec import Codec
from schemas.errors import ConfigurationError
from schemas.records import EpochMillis
from schemas.settings import ClickHouseSettings, KafkaSettings
from schemas.topics import (
    ALERTS_RAISED,
    CATALOGS_SYNCED,
    CONVERSIONS_DELIVERED,
    EVENTS_ENRICHED,
    IDENTITIES_LINKED,
    PRODUCTS_CHANGED,
    PRODUCTS_SYNCED,
    RECORDS_REJECTED,
    TOPICS,
)
from streams.archiving.reading import read
from streams.records import Record

BATCH_ROWS: Final = 10_000

TABLES: Final[dict[str, tuple[str, ...]]] = {
    EVENTS_ENRICHED.name: ("identity_overrides", "merged_sessions", "events", "sessions", "orders"),
    IDENTITIES_LINKED.name: ("identity_log",),
    PRODUCTS_CHANGED.name: ("products", "inventory_levels"),
    CONVERSIONS_DELIVERED.name: ("conversions",),
    PRODUCTS_SYNCED.name: ("product_syncs",),
    CATALOGS_SYNCED.name: ("sync_jobs",),
    ALERTS_RAISED.name: ("alerts",),
    RECORDS_REJECTED.name: ("rejected",),
}
"""Which tables are made of which topic."""

TOLD_AT: Final[dict[str, str]] = {
    "events": "received_at",
    "sessions": "ended_at",
    "orders": "ordered_at",
    "identity_log": "received_at",
    "conversions": "sent_at",
    "rejected": "received_at",
}
"""The time by which a row is older than what is read again. Of other tables, and compacted topics, all are copied."""

AHEAD_MS: Final = 3_600_000
"""So much newer rows are copied, too: a visitor's clock, which may be ahead, told their time, and Kafka's another."""

Offsets = Mapping[int, int]


class Span(NamedTuple):
    """Offsets by partition: from *first*, before *end*. *whole*: Kafka has everything there ever was."""

    first: Offsets
    end: Offsets
    whole: bool


class Rebuilt(NamedTuple):
    """What became of one table."""

    table: str
    records: int
    difference: Difference
    switched: bool


class Rebuilding:
    """One rebuild of the tables of a topic."""

    def __init__(self, kafka: KafkaSettings, clickhouse: ClickHouseSettings, codec: Codec, topic: str) -> None:
        """Take where things are; connects to nothing yet.

        Raises:
            ConfigurationError: no table is made of *topic*.
        """
        if topic not in TABLES:
            raise ConfigurationError(f"no table is made of {topic}; of these there are: {', '.join(TABLES)}")
        self._kafka, self._clickhouse, self._codec, self._topic = kafka, clickhouse, codec, topic
        self._compacted = next(each.compacted for each in TOPICS if each.name == topic)

    async def run(
        self, tables: Sequence[str], since: EpochMillis | None, *, switch: bool, order_by: str | None = None
    ) -> list[Rebuilt]:
        """Make *tables* anew from what Kafka got since *since* (None: from all it has), and *switch* over.

        Without *switch* the new tables are compared and dropped.

        Raises:
            ConfigurationError: a table is not made of the topic, or cannot be made anew.
            TransientError: Kafka or ClickHouse does not answer; the live tables are as they were.
        """
        if wrong := [table for table in tables if table not in TABLES[self._topic]]:
            raise ConfigurationError(f"{wrong[0]} is not made of {self._topic}: {', '.join(TABLES[self._topic])} are")
        span = await self._span(since)
        with closing(connect(self._clickhouse, timeout_seconds=3600)) as client, errors_translated():
            for table in tables:
                switching.make_beside(client, table, order_by)
                self._copy_older(client, table, span, since)
            records = await self._fill(span.first, span.end, tables, SUFFIX)
            differences = {table: switching.difference(client, table) for table in tables}
            if switch:
                for table in tables:
                    switching.exchange(client, table)
                await self._fill(span.end, (await self._span(None)).end, tables, "")
            for table in tables:
                switching.drop_beside(client, table)
        return [Rebuilt(table, records, differences[table], switch) for table in tables]

    def _copy_older(self, client: Any, table: str, span: Span, since: EpochMillis | None) -> None:
        if span.whole:
            return
        if table in TOLD_AT and since is not None:
            older = f"{TOLD_AT[table]} < fromUnixTimestamp64Milli({{until:Int64}})"
            switching.copy(client, table, older, until=since + AHEAD_MS)
        else:
            switching.copy(client, table)

    async def _span(self, since: EpochMillis | None) -> Span:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka.bootstrap_servers, enable_auto_commit=False)
        await consumer.start()
        try:
            name = self._kafka.prefix + self._topic
            numbers = sorted(await _numbers(consumer, name))
            places = [TopicPartition(name, number) for number in numbers]
            ends, begins = await consumer.end_offsets(places), await consumer.beginning_offsets(places)
            first = dict(begins)
            if since is not None:
                for place, found in (await consumer.offsets_for_times(dict.fromkeys(places, since))).items():
                    first[place] = ends[place] if found is None else max(found.offset, begins[place])
        finally:
            await consumer.stop()
        return Span(
            {place.partition: offset for place, offset in first.items()},
            {place.partition: offset for place, offset in ends.items()},
            whole=not self._compacted and all(offset == 0 for offset in first.values()),
        )

    async def _fill(self, first: Offsets, end: Offsets, tables: Sequence[str], suffix: str) -> int:
        """Write the rows of the records from *first* to *end* into *tables*; returns how many records there were."""
        count, rows = 0, {table: list[Row]() for table in tables}
        with closing(Inserter(self._clickhouse)) as inserter:
            for partition in end:
                async for record in self._records(partition, first.get(partition, 0), end[partition]):
                    count += 1
                    found = read(self._codec, record).rowed.rows
                    for table in tables:
                        rows[table] += found.get(table, ())
                    _write(inserter, rows, suffix, at_least=BATCH_ROWS)
            _write(inserter, rows, suffix, at_least=1)
        return count

    async def _records(self, partition: int, first: int, end: int) -> AsyncIterator[Record]:
        name = self._kafka.prefix + self._topic
        async with reading(self._kafka.bootstrap_servers, name, partition, first) as reader:
            while reader.position < end:
                for each in await reader.next():
                    if each.offset < end:
                        place = (self._topic, partition, each.offset, each.key, each.value, each.timestamp / 1000)
                        yield Record(*place, (), None)


def _write(inserter: Inserter, rows: Mapping[str, list[Row]], suffix: str, *, at_least: int) -> None:
    for table, listed in rows.items():
        if len(listed) >= at_least:
            inserter.raw(table + suffix, COLUMNS[table], listed)
            listed.clear()


async def _numbers(consumer: Any, topic: str) -> Iterable[int]:
    consumer._client.set_topics([topic])
    await consumer._client.force_metadata_update()
    numbers: Iterable[int] = consumer.partitions_for_topic(topic) or ()
    if not numbers:
        raise ConfigurationError(f"no topic {topic}: storestream topics apply makes it")
    return numbers
