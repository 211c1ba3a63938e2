"""Puts records into ClickHouse exactly once per range: chunks of records go in, what ClickHouse refused comes out."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from connectors.clickhouse.client import RefusedError
from connectors.clickhouse.ranges import Range, RangeStore, Source
from connectors.clickhouse.rows import COLUMNS, Rows
from connectors.clickhouse.rows.values import Row
from schemas.errors import TransientError

REFUSABLE_SHARE: Final = 0.01
REFUSABLE_ROWS: Final = 10


class Rowed(NamedTuple):
    """One record as its rows. *at* is Kafka's time of it, in milliseconds."""

    offset: int
    at: int
    rows: Rows


class Chunk(NamedTuple):
    """Records of one partition that go in together, under the token of their range."""

    range: Range
    records: Sequence[Rowed]

    @classmethod
    def of(cls, records: Sequence[Rowed]) -> "Chunk":
        """Make a new range of *records*, which are in order."""
        times = [record.at for record in records]
        return cls(Range(records[0].offset, records[-1].offset, times[0], max(times)), records)


class Refused(NamedTuple):
    """A row that ClickHouse will not have: the *nth* of *table* in the record at *offset*, counted from 0."""

    source: Source
    offset: int
    table: str
    nth: int
    detail: str


class BrokenError(Exception):
    """So many rows are refused that not they but the tables or the mapping must be wrong."""


class Database(Protocol):
    """What a sink needs of `connectors.clickhouse.inserts.Inserter`."""

    def insert(self, table: str, rows: Sequence[Row], token: str) -> None:
        """Insert *rows*, unless *token* was used on *table* before."""


class Sink:
    """Writes chunks. One thread at a time."""

    def __init__(self, database: Database, ranges: RangeStore) -> None:
        """Take where rows go and where ranges are noted; connects to nothing yet."""
        self._database = database
        self._ranges = ranges
        self._recorded: dict[Source, Range] = {}

    def resume(self) -> dict[Source, Range]:
        """Read the last recorded range of every partition. Raises: `TransientError`."""
        found = self._ranges.last()
        self._recorded = dict(found)
        return found

    def write(self, chunks: Mapping[Source, Chunk]) -> list[Refused]:
        """Insert *chunks*; may be called again with the same after a `TransientError`, and nothing counts twice.

        Returns: the rows left out because ClickHouse refuses them.

        Raises:
            TransientError: it may work later; the tables and users may also have to be put right first.
            BrokenError: too many rows are refused.
        """
        new = {source: chunk.range for source, chunk in chunks.items() if self._recorded.get(source) != chunk.range}
        if new:
            self._ranges.record(new)
            self._recorded.update(new)
        return [refused for source, chunk in chunks.items() for refused in self._insert(source, chunk)]

    def _insert(self, source: Source, chunk: Chunk) -> list[Refused]:
        token, refused = chunk.range.token(self._ranges.sink, source), []
        for table in COLUMNS:
            rows = [row for record in chunk.records for row in record.rows.get(table, ())]
            limit = max(REFUSABLE_ROWS, int(len(rows) * REFUSABLE_SHARE))
            bad = self._insert_good(table, rows, token, limit) if rows else {}
            refused += _origins(source, chunk, table, bad) if bad else []
        return refused

    def _insert_good(self, table: str, rows: Sequence[Row], token: str, limit: int) -> dict[int, str]:
        """Insert what can be, halving what is refused; returns why by position in *rows*, at most *limit*."""
        try:
            self._database.insert(table, rows, token)
        except RefusedError as exc:
            if not exc.about_a_row:
                # A missing table, column or right: nothing is wrong with the rows, so they wait on Kafka.
                raise TransientError(f"clickhouse refuses {table}: {exc.detail}") from None
            if limit < 1:
                raise BrokenError(f"too many rows of {table} are refused: {exc.detail}") from None
            if len(rows) == 1:
                return {0: exc.detail}
            half = len(rows) // 2
            bad = self._insert_good(table, rows[:half], f"{token}/0-{half}", limit)
            rest = self._insert_good(table, rows[half:], f"{token}/{half}-{len(rows)}", limit - len(bad))
            return bad | {half + position: why for position, why in rest.items()}
        return {}


def _origins(source: Source, chunk: Chunk, table: str, bad: Mapping[int, str]) -> list[Refused]:
    """Find the records of the positions in *bad*."""
    found, position = [], 0
    for record in chunk.records:
        for nth in range(len(record.rows.get(table, ()))):
            if position in bad:
                found.append(Refused(source, record.offset, table, nth, bad[position]))
            position += 1
    return found
