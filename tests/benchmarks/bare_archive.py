"""Archiving without Faust: an aiokafka loop that decodes, writes rows and inserts; it notes and commits nothing.

Reads events.enriched to its end and prints one line of JSON: {"seconds", "cpu_seconds"}, from the first record on.
With `--decode-only` it reads and decodes, with `--read-only` it only reads.
"""

import asyncio
import gc
import json
import sys
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from connectors.clickhouse.rows.values import Row
from schemas import topics
from schemas.codec import Codec
from schemas.settings import ClickHouseSettings, KafkaSettings, settings

ROWS = 10_000


async def main(task: str) -> None:
    """Read everything once."""
    gc.freeze()  # as the worker does
    gc.set_threshold(50_000, 20, 50)
    kafka = settings(KafkaSettings)
    loop = _Loop(task)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, max_partition_fetch_bytes=4_000_000)
    async with consumer:
        places = [TopicPartition(kafka.prefix + topics.EVENTS_ENRICHED.name, n) for n in range(kafka.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        left = sum((await consumer.end_offsets(places)).values())
        began: tuple[float, float] | None = None
        while left:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                began = began or (time.perf_counter(), time.process_time())
                left -= len(records)
                for record in records:
                    await loop.take(record)
        await loop.finish()
    assert began is not None
    print(json.dumps({"seconds": time.perf_counter() - began[0], "cpu_seconds": time.process_time() - began[1]}))


class _Loop:
    """What is done with each record; one insert is under way while the next rows are made."""

    def __init__(self, task: str) -> None:
        self._task, self._codec = task, Codec.from_lock()
        self._inserter = Inserter(settings(ClickHouseSettings)) if task == "insert" else None
        self._rows: dict[str, list[Row]] = {}
        self._under_way: asyncio.Task[None] | None = None
        self._flushes = 0

    async def take(self, record: Any) -> None:
        if self._task == "--read-only":
            return
        value = self._codec.decode(record.value)
        if self._task == "--decode-only":
            return
        for table, rows in rows_of(topics.EVENTS_ENRICHED.name, value, record.partition, record.offset).items():
            self._rows.setdefault(table, []).extend(rows)
        if len(self._rows["events"]) >= ROWS:
            await self._flush()

    async def finish(self) -> None:
        if self._inserter is not None:
            await self._flush()
            await self._flush()
            self._inserter.close()

    async def _flush(self) -> None:
        if self._under_way is not None:
            await self._under_way
        self._flushes += 1
        rows, self._rows = self._rows, {}
        self._under_way = asyncio.create_task(asyncio.to_thread(self._insert, rows, f"bare-{self._flushes}"))
        await asyncio.sleep(0)

    def _insert(self, tables: dict[str, list[Row]], token: str) -> None:
        assert self._inserter is not None
        for table, rows in tables.items():
            if rows:
                self._inserter.insert(table, rows, token)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1] if len(sys.argv) > 1 else "insert"))
