"""Records gather here until they are worth an insert. Pure: times are arguments, in seconds of a monotonic clock."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from connectors.clickhouse.ranges import Progress, Source
from connectors.clickhouse.sink import Chunk, Rowed
from streams.records import Record

MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes of Kafka records that make a flush, however few rows they are."""

REPEAT_SECONDS: Final = 10.0
"""How long the rest of a range to be repeated is waited for; compaction may have taken it."""


class Limits(NamedTuple):
    """What makes a flush: *rows* of one partition, or *linger_seconds* since its first."""

    rows: int
    linger_seconds: float


class Batch(NamedTuple):
    """What is flushed of one partition: the chunk to insert, and the records to acknowledge then."""

    chunk: Chunk
    records: list[Record]


class _Waiting:
    """Records of one partition that will be one chunk."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.rowed: list[Rowed] = []
        self.records: list[Record] = []
        self.rows = 0
        self.bytes = 0

    def add(self, record: Record, rowed: Rowed) -> None:
        self.rowed.append(rowed)
        self.records.append(record)
        self.rows += sum(map(len, rowed.rows.values()))
        self.bytes += len(record.value or b"")


class Buffer:
    """Everything taken from Kafka and not yet given to ClickHouse, by partition."""

    def __init__(self, limits: Limits) -> None:
        """Begin empty."""
        self._limits = limits
        self._new: dict[Source, _Waiting] = {}
        self._again: dict[Source, tuple[Progress, _Waiting]] = {}

    def add(self, source: Source, progress: Progress, record: Record, rowed: Rowed, now: float) -> bool:
        """Keep *record*; False when it is in ClickHouse already and only wants to be acknowledged."""
        match progress.fate(rowed.offset, rowed.at):
            case "done":
                return False
            case "again":
                self._again.setdefault(source, (progress, _Waiting(now)))[1].add(record, rowed)
            case _:
                self._new.setdefault(source, _Waiting(now)).add(record, rowed)
        return True

    @property
    def is_full(self) -> bool:
        """Whether two flushes of one partition wait. Ranges to be repeated do not count: they must become whole."""
        rows, size = 2 * self._limits.rows, 2 * MAX_BYTES
        waiting = self._new.values()
        return sum(each.rows for each in waiting) >= rows or sum(each.bytes for each in waiting) >= size

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._new and not self._again

    def due_at(self) -> float | None:
        """Tell when the next flush is due; None when nothing waits."""
        return min(self._due_times(), default=None)

    def _due_times(self) -> Iterator[float]:
        for source, (progress, waiting) in self._again.items():
            whole = self._is_whole(source, progress, waiting)
            yield waiting.since + (0 if whole else REPEAT_SECONDS)
        for source, waiting in self._new.items():
            if source not in self._again:
                full = waiting.rows >= self._limits.rows or waiting.bytes >= MAX_BYTES
                yield waiting.since + (0 if full else self._limits.linger_seconds)

    def _is_whole(self, source: Source, progress: Progress, waiting: _Waiting) -> bool:
        reached = progress.last is not None and waiting.rowed[-1].offset == progress.last.max_offset
        return reached or source in self._new

    def take(self, now: float, *, everything: bool = False) -> dict[Source, Batch]:
        """Take what may be flushed, at most one chunk per partition; with *everything*, also what is not due.

        A range to be repeated goes under its own name only when it is whole. What remains of a broken one goes as a
        new range: under the old name its other part would later be taken for what has landed, and be lost.
        """
        taken = {}
        for source in [*self._again]:
            progress, waiting = self._again[source]
            whole = self._is_whole(source, progress, waiting)
            if whole or everything or now >= waiting.since + REPEAT_SECONDS:
                del self._again[source]
                chunk = Chunk(progress.last, waiting.rowed) if whole and progress.last else Chunk.of(waiting.rowed)
                progress.moved_on()
                taken[source] = Batch(chunk, waiting.records)
        for source in [*self._new]:
            if source not in self._again and source not in taken:
                waiting = self._new.pop(source)
                taken[source] = Batch(Chunk.of(waiting.rowed), waiting.records)
        return taken
