"""Carries records from Kafka to ClickHouse: one task reads and gathers, another writes and acknowledges."""

import asyncio
import time
from collections import Counter
from typing import Any, Final

import structlog

from connectors.clickhouse.ranges import Progress, Range, Source
from connectors.clickhouse.sink import BrokenError, Refused, Sink
from schemas.codec import Codec
from schemas.records import Rejected
from schemas.topics import RECORDS_REJECTED
from streams.archiving.buffer import Batch, Buffer, Limits
from streams.archiving.patience import until_done
from streams.archiving.reading import read, refused
from streams.batches import unacked
from streams.outbox import Outbox, Output
from streams.records import Record, Records

READ_AT_ONCE: Final = 64
"""Records decoded in one go; an envelope has up to 200 events."""

log = structlog.get_logger()


class Archiver:
    """Reads until the worker stops. What it raises must end the process: nothing was acknowledged then."""

    def __init__(self, sink: Sink, codec: Codec, outbox: Outbox, limits: Limits) -> None:
        """Take what it works with; connects to nothing yet."""
        self._sink, self._codec, self._outbox = sink, codec, outbox
        self._buffer = Buffer(limits)
        self._progress: dict[Source, Progress] = {}
        self._last: dict[Source, Range] = {}
        self._generation: Any = None
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._at_clickhouse = asyncio.Lock()
        self._stopping = False

    async def run(self, records: Records) -> None:
        """Archive *records*; returns when the worker stops and all it had in hand is in ClickHouse."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_for_ever(records))
            async for batch in unacked(records, READ_AT_ONCE, within_seconds=0):
                await self._gather(records, batch)
            self._stopping = True
            self._changed.set()

    async def _gather(self, records: Records, batch: list[Record]) -> None:
        for record in batch:
            progress = await self._progress_of(record)
            rowed, rejected = read(self._codec, record)
            if rejected is not None:
                await self._reject(record, rejected)
            source = Source(record.topic, record.partition)
            if not self._buffer.add(source, progress, record, rowed, time.monotonic()):
                records.ack(record)
        self._changed.set()
        while self._buffer.is_full:
            self._taken.clear()
            await self._taken.wait()

    async def _progress_of(self, record: Record) -> Progress:
        """Read the last ranges anew whenever partitions were dealt out anew: others may have written since."""
        generation = record.event.message.generation_id
        if generation != self._generation:
            while not self._buffer.is_empty:
                self._changed.set()
                self._taken.clear()
                await self._taken.wait()
            async with self._at_clickhouse:
                self._last = await until_done(self._sink.resume, "sink_ranges")
            self._progress, self._generation = {}, generation
        source = Source(record.topic, record.partition)
        if source not in self._progress:
            self._progress[source] = Progress(self._last.get(source))
        return self._progress[source]

    async def _write_for_ever(self, records: Records) -> None:
        while not (self._stopping and self._buffer.is_empty):
            await self._until_due()
            async with self._at_clickhouse:
                batches = self._buffer.take(time.monotonic(), everything=self._stopping)
                self._taken.set()
                if batches:
                    await self._write(records, batches)

    async def _until_due(self) -> None:
        self._changed.clear()
        due = self._buffer.due_at()
        wait = None if due is None else due - time.monotonic()
        if self._stopping or (wait is not None and wait <= 0):
            return
        try:
            await asyncio.wait_for(self._changed.wait(), wait)
        except TimeoutError:
            return

    async def _write(self, records: Records, batches: dict[Source, Batch]) -> None:
        started = time.monotonic()
        chunks = {source: batch.chunk for source, batch in batches.items()}
        try:
            bad = await until_done(lambda: self._sink.write(chunks), "insert")
        except BrokenError as exc:
            log.critical("clickhouse refuses most rows", error=str(exc))
            raise
        for row in bad:
            await self._refuse(row, batches[row.source])
        for batch in batches.values():
            records.ack(*batch.records)
        log.info("rows archived", seconds=round(time.monotonic() - started, 3), refused=len(bad), **_counts(batches))

    async def _refuse(self, row: Refused, batch: Batch) -> None:
        record = next(each for each in batch.records if each.offset == row.offset)
        if record.topic == RECORDS_REJECTED.name:
            raise RuntimeError(f"a rejection was refused: partition {record.partition}, offset {record.offset}")
        await self._reject(record, refused(self._codec, record, row))

    async def _reject(self, record: Record, rejected: Rejected) -> None:
        value = self._codec.encode("Rejected", rejected)
        await self._outbox.emit(RECORDS_REJECTED.name, record.partition, [Output(record.key, value)])
        log.warning("record rejected", topic=record.topic, reason=rejected["reason"], field=rejected["field"])


def _counts(batches: dict[Source, Batch]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in batches.values():
        for record in batch.chunk.records:
            counts.update({table: len(rows) for table, rows in record.rows.items() if rows})
    return counts
