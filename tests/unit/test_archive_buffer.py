"""Records wait until they are worth an insert, and a range to be repeated until it is whole."""

from connectors.clickhouse.ranges import Progress, Range, Source
from connectors.clickhouse.sink import Rowed
from streams.archiving.buffer import MAX_BYTES, REPEAT_SECONDS, Buffer, Limits
from streams.records import Record

SOURCE = Source("events.enriched", 0)
OTHER = Source("events.enriched", 1)


def fill(
    buffer: Buffer,
    *offsets: int,
    progress: Progress | None = None,
    now: float = 0,
    rows: int = 1,
    size: int = 1,
    source: Source = SOURCE,
) -> list[bool]:
    kept = []
    for offset in offsets:
        record = Record(*source, offset, None, b"x" * size, offset / 1000, (), None)
        rowed = Rowed(offset, offset, {"events": [[offset]] * rows})
        kept.append(buffer.add(source, progress or Progress(None), record, rowed, now))
    return kept


def a_buffer() -> Buffer:
    return Buffer(Limits(rows=10, linger_seconds=0.5))


def the_range(buffer: Buffer, now: float, *, everything: bool = False) -> Range:
    (batch,) = buffer.take(now, everything=everything).values()
    return batch.chunk.range


def test_a_record_waits_for_company_as_long_as_it_may() -> None:
    buffer = a_buffer()
    fill(buffer, 1, 2, now=3)

    assert buffer.due_at() == 3.5
    assert the_range(buffer, 3.5) == Range(1, 2, 1, 2)
    assert buffer.is_empty
    assert buffer.due_at() is None


def test_enough_rows_or_bytes_of_one_partition_are_due_at_once() -> None:
    by_rows, by_bytes = a_buffer(), a_buffer()
    fill(by_rows, 1, rows=10, now=3)
    fill(by_bytes, 1, size=MAX_BYTES, now=3)

    assert by_rows.due_at() == by_bytes.due_at() == 3


def test_a_flush_takes_every_partition_along() -> None:
    buffer = a_buffer()
    fill(buffer, 1)
    fill(buffer, 5, source=OTHER)

    assert buffer.take(1).keys() == {SOURCE, OTHER}


def test_two_flushes_of_rows_or_bytes_fill_it() -> None:
    by_rows, by_bytes = a_buffer(), a_buffer()
    fill(by_rows, 1, rows=19)
    assert not by_rows.is_full
    fill(by_rows, 2)
    fill(by_bytes, 1, 2, size=MAX_BYTES)

    assert by_rows.is_full
    assert by_bytes.is_full


def test_what_comes_before_the_last_range_is_not_kept() -> None:
    progress = Progress(Range(5, 7, 5, 7))
    buffer = a_buffer()

    assert fill(buffer, 3, 4, 5, 6, progress=progress) == [False, False, True, True]


def test_a_range_is_repeated_under_its_own_name_once_it_is_whole_and_what_follows_is_new() -> None:
    progress = Progress(Range(5, 7, 5, 7))
    buffer = a_buffer()
    fill(buffer, 5, 6, progress=progress)
    assert buffer.take(1) == {}
    fill(buffer, 7, 8, progress=progress, now=1)

    assert the_range(buffer, 1) == Range(5, 7, 5, 7)
    assert the_range(buffer, 2) == Range(8, 8, 8, 8)


def test_a_range_whose_end_was_compacted_away_is_whole_when_the_next_record_comes() -> None:
    progress = Progress(Range(5, 7, 5, 7))
    buffer = a_buffer()
    fill(buffer, 5, 6, 9, progress=progress)

    assert the_range(buffer, 1) == Range(5, 7, 5, 7)


def test_a_broken_range_goes_under_a_new_name_when_it_was_waited_for_or_the_worker_stops() -> None:
    for now, everything in ((REPEAT_SECONDS, False), (0, True)):
        progress = Progress(Range(5, 7, 5, 7))
        buffer = a_buffer()
        fill(buffer, 5, 6, progress=progress)

        assert the_range(buffer, now, everything=everything) == Range(5, 6, 5, 6)
        assert fill(buffer, 7, progress=progress) == [True]
        assert the_range(buffer, 9) == Range(7, 7, 7, 7)


def test_ranges_to_be_repeated_never_fill_it_for_they_must_become_whole() -> None:
    buffer = a_buffer()
    fill(buffer, 5, rows=1000, progress=Progress(Range(5, 7, 5, 7)))

    assert not buffer.is_full


def test_the_token_names_sink_place_time_and_range() -> None:
    assert Range(5, 7, 1_000, 1_002).token("archive", SOURCE) == "archive:events.enriched:0:1000:5-7"
