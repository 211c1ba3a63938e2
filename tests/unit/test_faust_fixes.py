import asyncio
from collections import defaultdict
from importlib import metadata
from typing import Any, NamedTuple

import pytest
from faust.transport.consumer import Consumer
from faust.types import TP

from streams import faust_fixes
from streams.faust_fixes.commits import delivered, forget, new_offset
from streams.faust_fixes.epochs import Reading, header, number_of
from streams.faust_fixes.fetching import on_buffer_drop, started

PARTITION = TP("events.received", 0)


class FakeConsumer:
    """As much of Faust's consumer as its bookkeeping needs."""

    def __init__(self) -> None:
        self._acked: dict[TP, list[int]] = defaultdict(list)
        self._acked_index: dict[TP, set[int]] = defaultdict(set)
        self._gap: dict[TP, object] = {}
        self._buffered_partitions: set[TP] = set()
        self._paused_partitions: set[TP] = set()
        self.active: set[TP] = set()

    def deliver(self, *offsets: int) -> None:
        delivered(self)[PARTITION].extend(offsets)

    def ack(self, *offsets: int) -> None:
        self._acked[PARTITION].extend(offsets)
        self._acked_index[PARTITION].update(offsets)

    def _get_active_partitions(self) -> set[TP]:
        return self.active


class FakeRecord(NamedTuple):
    key: bytes
    headers: tuple[tuple[str, bytes], ...]


def test_applying_twice_changes_nothing_more() -> None:
    faust_fixes.apply()
    once = vars(Consumer).copy()
    faust_fixes.apply()

    assert vars(Consumer) == once
    assert Consumer._new_offset is new_offset


@pytest.mark.parametrize("package", ["faust-streaming", "aiokafka"])
def test_another_version_is_refused(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "9.9.9" if name == package else version(name))
    monkeypatch.setattr(faust_fixes, "_applied", False)

    with pytest.raises(faust_fixes.UnknownFaustError, match=rf"{package} 9\.9\.9 is installed"):
        faust_fixes.apply()


def test_a_faust_without_its_extensions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faust.streams._CStreamIterator", None)
    monkeypatch.setattr(faust_fixes, "_applied", False)

    with pytest.raises(faust_fixes.UnknownFaustError, match="C extensions"):
        faust_fixes.apply()


def test_commit_stops_before_the_first_record_not_acknowledged() -> None:
    consumer = FakeConsumer()
    consumer.deliver(10, 11, 12, 13)
    consumer.ack(10, 11, 13)

    assert new_offset(consumer, PARTITION) == 12
    assert new_offset(consumer, PARTITION) is None


def test_a_single_open_record_at_the_head_is_not_committed_over() -> None:
    consumer = FakeConsumer()
    consumer.deliver(0, 1, 2)
    consumer.ack(1, 2)

    assert new_offset(consumer, PARTITION) is None


def test_commit_goes_on_once_the_open_record_is_done() -> None:
    consumer = FakeConsumer()
    consumer.deliver(0, 1, 2)
    consumer.ack(1, 2)
    new_offset(consumer, PARTITION)
    consumer.ack(0)

    assert new_offset(consumer, PARTITION) == 3


def test_offsets_the_log_has_lost_to_compaction_hold_nothing_up() -> None:
    consumer = FakeConsumer()
    consumer.deliver(5, 9, 40)
    consumer.ack(5, 9, 40)

    assert new_offset(consumer, PARTITION) == 41


def test_what_was_delivered_before_a_rebalance_is_forgotten() -> None:
    consumer = FakeConsumer()
    consumer.deliver(1, 2)
    consumer.ack(1, 2)
    forget(consumer)

    assert new_offset(consumer, PARTITION) is None


@pytest.mark.parametrize(("paused", "active"), [(set(), {PARTITION}), ({PARTITION}, set())])
def test_relief_of_a_buffer_wakes_a_partition_only_if_it_is_not_paused(paused: set[TP], active: set[TP]) -> None:
    consumer = FakeConsumer()
    consumer._buffered_partitions, consumer._paused_partitions = {PARTITION}, paused
    on_buffer_drop(consumer, PARTITION)

    assert consumer.active == active


def test_relief_of_a_partition_given_away_wakes_nothing() -> None:
    consumer = FakeConsumer()
    on_buffer_drop(consumer, PARTITION)

    assert consumer.active == set()


async def test_a_callback_that_need_not_wait_is_done_at_once() -> None:
    done: list[str] = []

    async def callback() -> None:
        done.append("all of it")

    assert started(callback()) is None
    assert done == ["all of it"]


async def test_a_callback_that_waits_goes_on_where_it_stopped() -> None:
    room, steps = asyncio.Event(), list[str]()

    async def callback() -> None:
        steps.append("before")
        await room.wait()
        await asyncio.sleep(0)
        steps.append("after")

    rest = started(callback())
    assert steps == ["before"]
    assert rest is not None
    room.set()
    await asyncio.gather(rest)

    assert steps == ["before", "after"]


async def test_a_callback_that_waits_can_be_cut_off() -> None:
    ended: list[str] = []

    async def callback() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cut off")
            raise

    rest = started(callback())
    assert rest is not None
    task = asyncio.create_task(rest)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert ended == ["cut off"]


async def test_what_a_callback_raises_is_raised() -> None:
    async def callback() -> None:
        await asyncio.sleep(0)
        raise KeyError("later")

    rest = started(callback())
    assert rest is not None
    with pytest.raises(KeyError, match="later"):
        await rest


def records(*written: tuple[str, int | None]) -> list[Any]:
    return [FakeRecord(key.encode(), () if epoch is None else (header(epoch),)) for key, epoch in written]


def test_an_owner_number_survives_its_header() -> None:
    assert number_of([("trace", b"x"), header(1_795_249_357_171)]) == 1_795_249_357_171
    assert number_of([]) == 0


def test_late_writes_of_a_former_owner_are_ignored_and_their_keys_kept() -> None:
    reading = Reading()
    kept = reading.valid(records(("a", 1), ("b", 1), ("a", 2), ("b", 1), ("c", 2)))

    assert [record.key for record in kept] == [b"a", b"b", b"a", b"c"]
    assert reading.late == {b"b"}


def test_records_without_a_number_count_until_there_is_one() -> None:
    reading = Reading()

    assert len(reading.valid(records(("a", None), ("a", None)))) == 2
    assert len(reading.valid(records(("a", 7), ("a", None)))) == 1


def test_the_next_owner_has_a_higher_number_whatever_the_clock_says() -> None:
    reading = Reading(newest=2**62)

    assert reading.next_epoch() == 2**62 + 1
    assert Reading().next_epoch() > 1_700_000_000_000
