"""The sink beside a ClickHouse that keeps its promises about tokens and no others, killed wherever it hurts.

A simulated Kafka gives records again from its last commit, which lags; batches are cut at random; the sink dies before,
in the middle of, and after inserts. Whatever happens, what is in the tables is what was sent.
"""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.clickhouse.client import RefusedError
from connectors.clickhouse.ranges import Progress, RangeStore, Source
from connectors.clickhouse.rows.values import Row
from connectors.clickhouse.sink import BrokenError, Rowed, Sink
from schemas.errors import TransientError
from streams.archiving.buffer import Batch, Buffer, Limits
from streams.records import Record

TABLES: Final = ("events", "sessions")
POISON: Final = "poison"


class Killed(BaseException):
    """The process is gone."""


class FakeClickHouse:
    """Tables with token logs, and `sink_ranges`. Dies or fails at the moments that *moments* gives out."""

    def __init__(self, moments: random.Random, share: float) -> None:
        self.rows: dict[str, list[Any]] = {table: [] for table in TABLES}
        self.tokens: dict[str, set[tuple[str, int]]] = {table: set() for table in TABLES}
        self.ranges: dict[tuple[str, str, int], Row] = {}
        self._moments, self._share = moments, share

    def insert(self, table: str, rows: Sequence[Row], token: str) -> None:
        """Insert in two parts, as two months would be: each part has its own entry under the token."""
        self._moment()
        if any(row[0] == POISON for row in rows):
            raise RefusedError(69, "code 69")
        for part in (0, 1):
            if (token, part) not in self.tokens[table]:
                self.rows[table] += [row[0] for row in rows if row[1] % 2 == part]
                self.tokens[table].add((token, part))
            self._moment()

    def raw(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        self._moment()
        for row in rows:
            self.ranges[row[0], row[1], row[2]] = row
        self._moment()

    def rows_of_ranges(self) -> list[tuple[Any, ...]]:
        return [(r[1], r[2], r[3], r[4], round(r[5] * 1000), round(r[6] * 1000), r[7]) for r in self.ranges.values()]

    def _moment(self) -> None:
        drawn = self._moments.random()
        if drawn < self._share:
            raise Killed
        if drawn < self._share * 1.5:
            raise TransientError("away")


class Store(RangeStore):
    """Reads the fake's ranges."""

    def __init__(self, fake: FakeClickHouse) -> None:
        super().__init__(_Asked(fake), "archive")


class _Asked:
    def __init__(self, fake: FakeClickHouse) -> None:
        self.raw = fake.raw
        self._fake = fake

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._fake.rows_of_ranges()


def a_record(source: Source, offset: int, shift: int = 0) -> tuple[Record, Rowed]:
    at = 1_000_000 + shift + offset
    record = Record(source.topic, source.partition, offset, None, b"x", at / 1000, (), None)
    ids = [[f"{source.partition}/{offset}/{n}", n] for n in range(offset % 4)]
    return record, Rowed(offset, at, {"events": ids, "sessions": ids[:1]})


def expected(sources: Sequence[Source], length: int) -> dict[str, Counter[str]]:
    rows = [a_record(source, offset)[1].rows for source in sources for offset in range(length)]
    return {table: Counter(row[0] for each in rows for row in each[table]) for table in TABLES}


class Kafka:
    """Logs of equal length, and commits that lag behind."""

    def __init__(self, sources: Sequence[Source], length: int) -> None:
        self.committed = dict.fromkeys(sources, 0)
        self.length = length

    @property
    def is_read(self) -> bool:
        return all(offset == self.length for offset in self.committed.values())


def live(kafka: Kafka, fake: FakeClickHouse, chance: random.Random) -> None:
    """Be one process, from the last commit until all is read or death."""
    sink = Sink(fake, Store(fake))
    buffer = Buffer(Limits(rows=chance.choice([1, 5, 30]), linger_seconds=0.1))
    while True:
        try:
            last = sink.resume()
            break
        except TransientError:
            continue
    progress = {source: Progress(last.get(source)) for source in kafka.committed}
    position, done, now = dict(kafka.committed), dict(kafka.committed), 0.0
    while any(offset < kafka.length for offset in position.values()) or not buffer.is_empty:
        source = chance.choice([*position])
        for offset in range(position[source], min(kafka.length, position[source] + chance.randrange(1, 8))):
            record, rowed = a_record(source, offset)
            position[source] = offset + 1
            buffer.add(source, progress[source], record, rowed, now)
        now += chance.random() * 0.05  # far less than it takes to give up a broken range
        due = buffer.due_at()
        if due is not None and due <= now:
            flush(sink, buffer.take(now), done)
        for each, offset in done.items():
            if chance.random() < 0.3:  # and otherwise the commit lags
                kafka.committed[each] = offset
    kafka.committed = dict.fromkeys(kafka.committed, kafka.length)


def flush(sink: Sink, batches: dict[Source, Batch], done: dict[Source, int]) -> None:
    chunks = {source: batch.chunk for source, batch in batches.items()}
    while True:
        try:
            sink.write(chunks)
            break
        except TransientError:
            continue
    for source, batch in batches.items():
        done[source] = batch.records[-1].offset + 1


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 60), st.floats(0, 0.15))
def test_any_cut_any_kill_and_any_lagging_commit_leave_every_row_exactly_once(
    seed: int, partitions: int, length: int, share: float
) -> None:
    chance = random.Random(seed)
    sources = [Source("events.enriched", n) for n in range(partitions)]
    kafka, fake = Kafka(sources, length), FakeClickHouse(random.Random(seed + 1), share)
    while not kafka.is_read:
        try:
            live(kafka, fake, chance)
        except Killed:
            continue

    assert {table: Counter(rows) for table, rows in fake.rows.items()} == expected(sources, length)


def test_without_the_recorded_range_the_same_simulation_finds_duplicates() -> None:
    """Shows that the property above can fail."""
    doubled = 0
    for seed in range(20):
        chance, sources = random.Random(seed), [Source("events.enriched", 0)]
        kafka, fake = Kafka(sources, 40), FakeClickHouse(random.Random(seed + 1), 0.1)
        while not kafka.is_read:
            fake.ranges.clear()
            try:
                live(kafka, fake, chance)
            except Killed:
                continue
        doubled += Counter(fake.rows["events"]) != expected(sources, 40)["events"]

    assert doubled > 5


def a_quiet_sink() -> tuple[FakeClickHouse, Sink]:
    fake = FakeClickHouse(random.Random(0), 0)
    return fake, Sink(fake, Store(fake))


def one_batch(records: Sequence[tuple[Record, Rowed]], progress: Progress, *, now: float = 99) -> dict[Source, Batch]:
    buffer = Buffer(Limits(rows=10_000, linger_seconds=1))
    for record, rowed in records:
        buffer.add(Source(record.topic, record.partition), progress, record, rowed, 0)
    return buffer.take(now)


SOURCE: Final = Source("events.enriched", 0)


def test_a_topic_made_anew_is_read_from_its_start_although_an_old_range_is_known() -> None:
    fake, sink = a_quiet_sink()
    flush(sink, one_batch([a_record(SOURCE, n) for n in range(10)], Progress(None)), {})
    anew = [a_record(SOURCE, n, shift=1_000_000) for n in range(10)]
    flush(sink, one_batch(anew, Progress(sink.resume()[SOURCE])), {})

    assert Counter(fake.rows["events"]) == Counter(
        {key: 2 * count for key, count in expected([SOURCE], 10)["events"].items()}
    )


def test_a_range_whose_end_was_compacted_away_goes_as_a_new_one_and_nothing_is_lost() -> None:
    fake, sink = a_quiet_sink()
    fake.ranges["archive", *SOURCE] = ["archive", *SOURCE, 0, 9, 1000.0, 1000.009, 1]
    flush(sink, one_batch([a_record(SOURCE, n) for n in range(8)], Progress(sink.resume()[SOURCE])), {})
    flush(sink, one_batch([a_record(SOURCE, n) for n in range(8, 12)], Progress(sink.resume()[SOURCE])), {})

    assert Counter(fake.rows["events"]) == expected([SOURCE], 12)["events"]


@given(st.sets(st.integers(0, 399), max_size=10))
def test_only_the_refused_rows_are_left_out_and_named(bad: set[int]) -> None:
    fake, sink = a_quiet_sink()
    records = [Rowed(n, n, {"events": [[POISON if n in bad else str(n), 0]]}) for n in range(400)]
    pairs = [(Record("events.enriched", 0, each.offset, None, b"", 0.0, (), None), each) for each in records]
    batches = one_batch(pairs, Progress(None))

    refused = sink.write({source: batch.chunk for source, batch in batches.items()})

    assert {row.offset for row in refused} == bad
    assert fake.rows["events"] == [str(n) for n in range(400) if n not in bad]


def test_many_refused_rows_break_the_sink_instead_of_emptying_the_topic_into_rejections() -> None:
    _, sink = a_quiet_sink()
    records = [Rowed(n, n, {"events": [[POISON, 0]]}) for n in range(400)]
    pairs = [(Record("events.enriched", 0, each.offset, None, b"", 0.0, (), None), each) for each in records]

    with pytest.raises(BrokenError, match="too many rows of events are refused"):
        flush(sink, one_batch(pairs, Progress(None)), {})
