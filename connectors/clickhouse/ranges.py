"""What makes inserts exact: the range of offsets a sink is about to insert is written down before the insert.

After a crash the records come again, cut into other batches. The last range of each partition says how they were cut
before: the same range goes out under the same token, and ClickHouse drops it if it had landed, whole or in part.
What comes before that range is in already; what comes after is new. https://kafka.apache.org/documentation/#semantics
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol


class Source(NamedTuple):
    """One partition of one topic, as `schemas.topics` names it."""

    topic: str
    partition: int


class Range(NamedTuple):
    """Records *min_offset* to *max_offset*, both in it, and Kafka's times of them in milliseconds."""

    min_offset: int
    max_offset: int
    first_at: int
    last_at: int

    def token(self, sink: str, source: Source) -> str:
        """Name the insert of this range; the time tells topics apart that were deleted and made again."""
        return f"{sink}:{source.topic}:{source.partition}:{self.first_at}:{self.min_offset}-{self.max_offset}"


Fate = Literal["done", "again", "new"]


class Progress:
    """How far one partition is, from when a sink gets it until it is taken away."""

    def __init__(self, last: Range | None) -> None:
        """Take the range that was recorded *last*, by whichever process."""
        self.last = last
        self._judged = last is None

    def moved_on(self) -> None:
        """Note that the range was repeated, or will not be: whatever comes from now on is new."""
        self.last = None

    def fate(self, offset: int, at: int) -> Fate:
        """Tell whether the record is in ClickHouse, belongs to the range to be repeated, or is new.

        *at* is Kafka's time of it, in milliseconds. The first record judges the range: a record inside or before the
        range, but younger than all of it, is of another topic of the same name, and the range says nothing about it.
        """
        if not self._judged:
            self._judged = True
            if self.last and offset <= self.last.max_offset and at > self.last.last_at:
                self.last = None
        if self.last is None or offset > self.last.max_offset:
            return "new"
        return "done" if offset < self.last.min_offset else "again"


class _Database(Protocol):
    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]: ...

    def raw(self, table: str, columns: tuple[str, ...], rows: list[list[Any]]) -> None: ...


_COLUMNS: Final = (*("sink", "topic", "kafka_partition", "min_offset", "max_offset", "first_at", "last_at", "seq"),)
_LAST = """
SELECT
    topic, kafka_partition, min_offset, max_offset,
    toUnixTimestamp64Milli(first_at), toUnixTimestamp64Milli(last_at), seq
FROM sink_ranges FINAL
WHERE sink = {sink:String}
"""


class RangeStore:
    """The table `sink_ranges`, as one *sink* sees it."""

    def __init__(self, database: _Database, sink: str, clock: Callable[[], float] = time.time) -> None:
        """Take an `Inserter` and the consumer group's name."""
        self.sink = sink
        self._database = database
        self._clock = clock
        self._seq = 0

    def last(self) -> dict[Source, Range]:
        """Read the last range of every partition. Raises as `Inserter.insert`."""
        found = {}
        for topic, partition, minimum, maximum, first_at, last_at, seq in self._database.rows(
            _LAST, {"sink": self.sink}
        ):
            found[Source(topic, partition)] = Range(minimum, maximum, first_at, last_at)
            self._seq = max(self._seq, seq)
        return found

    def record(self, ranges: Mapping[Source, Range]) -> None:
        """Write down what is about to be inserted. Raises as `Inserter.insert`."""
        self._seq = max(self._seq + 1, int(self._clock() * 1000))
        rows = [
            [self.sink, *source, r.min_offset, r.max_offset, r.first_at / 1000, r.last_at / 1000, self._seq]
            for source, r in ranges.items()
        ]
        self._database.raw("sink_ranges", _COLUMNS, rows)
