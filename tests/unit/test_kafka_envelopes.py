"""Envelopes: filled by count, bytes and time, in order, bounded, and honest about what Kafka has."""

import asyncio
from typing import Any

import pytest

from connectors.kafka.envelopes import Addressed, EnvelopeWriter
from connectors.kafka.lanes import MEMBER_OVERHEAD, Limits
from connectors.kafka.records import Keyed, RecordWriter
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.topics import EVENTS_RECEIVED, PRODUCTS_CHANGED, Topic
from tests.builders import an_event

CODEC = Codec.from_lock()
QUICK = Limits(linger_seconds=0.01, members=10, bytes=100_000, pending_bytes=1_000_000, timeout_seconds=0.5)


class FakeKafka:
    """Takes records after a while, holds them back while `held`, refuses them while `refusing`."""

    def __init__(self) -> None:
        self.records: list[tuple[int | None, bytes | None, bytes]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.open = asyncio.Event()
        self.open.set()
        self.refusing = False

    async def publish(
        self, topic: Topic, value: bytes, *, key: bytes | None = None, partition: int | None = None
    ) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0.002)
            await self.open.wait()
            if self.refusing:
                raise TransientError("kafka: refused")
            self.records.append((partition, key, value))
        finally:
            self.under_way -= 1

    def event_ids(self, partition: int = 0) -> list[list[str]]:
        """Ids of the events of each envelope on *partition*, in order."""
        return [
            [event["event_id"] for event, _ in CODEC.members("Event", value)]
            for at, _, value in self.records
            if at == partition
        ]


def a_member(event_id: str, partition: int = 0, **changes: Any) -> Addressed:
    return Addressed(partition, CODEC.encode_bare("Event", an_event(event_id=event_id, **changes)))


def a_writer(kafka: FakeKafka, **limits: Any) -> EnvelopeWriter:
    return EnvelopeWriter(kafka.publish, CODEC, QUICK._replace(**limits))


async def test_what_comes_within_the_linger_shares_an_envelope() -> None:
    kafka = FakeKafka()
    writer = a_writer(kafka)

    await asyncio.gather(*(writer.write(EVENTS_RECEIVED, [a_member(str(number))]) for number in range(5)))

    assert kafka.event_ids() == [["0", "1", "2", "3", "4"]]
    assert writer.pending_bytes == 0


async def test_a_write_returns_only_when_kafka_has_it() -> None:
    kafka = FakeKafka()
    kafka.open.clear()
    writing = asyncio.create_task(a_writer(kafka, timeout_seconds=5).write(EVENTS_RECEIVED, [a_member("a")]))
    await asyncio.sleep(0.05)
    before = writing.done()
    kafka.open.set()
    await writing

    assert not before
    assert kafka.event_ids() == [["a"]]


async def test_an_envelope_is_closed_by_count_and_by_bytes() -> None:
    kafka = FakeKafka()
    size = len(a_member("00").value)

    await a_writer(kafka, members=3).write(EVENTS_RECEIVED, [a_member(f"{number:02}") for number in range(7)])
    by_count, kafka.records = kafka.event_ids(), []
    await a_writer(kafka, bytes=2 * size).write(EVENTS_RECEIVED, [a_member(f"{number:02}") for number in range(5)])
    by_bytes = kafka.event_ids()

    assert list(map(len, by_count)) == [3, 3, 1]
    assert list(map(len, by_bytes)) == [2, 2, 1]


async def test_a_full_envelope_does_not_linger() -> None:
    kafka = FakeKafka()

    async with asyncio.timeout(2):
        await a_writer(kafka, members=5, linger_seconds=60, timeout_seconds=60).write(
            EVENTS_RECEIVED, [a_member(str(number)) for number in range(5)]
        )

    assert kafka.event_ids() == [["0", "1", "2", "3", "4"]]


async def test_a_member_larger_than_an_envelope_travels_alone() -> None:
    kafka = FakeKafka()
    large = a_member("large", properties='"' + "x" * 200_000 + '"')

    await a_writer(kafka).write(EVENTS_RECEIVED, [a_member("a"), large, a_member("b")])

    assert kafka.event_ids() == [["a"], ["large"], ["b"]]


async def test_a_partition_keeps_its_order_and_has_one_envelope_under_way() -> None:
    kafka = FakeKafka()
    writer = a_writer(kafka, linger_seconds=0)
    written = []
    for number in range(200):
        written.append(asyncio.create_task(writer.write(EVENTS_RECEIVED, [a_member(f"{number}")])))
        if number % 7 == 0:
            await asyncio.sleep(0.001)
    await asyncio.gather(*written)

    assert [each for ids in kafka.event_ids() for each in ids] == [str(number) for number in range(200)]
    assert kafka.most_under_way == 1


async def test_partitions_do_not_wait_for_each_other() -> None:
    kafka = FakeKafka()
    await a_writer(kafka).write(EVENTS_RECEIVED, [a_member("a", 0), a_member("b", 1), a_member("c", 0)])

    assert (kafka.event_ids(0), kafka.event_ids(1)) == ([["a", "c"]], [["b"]])
    assert kafka.most_under_way == 2


async def test_a_refusal_reaches_every_sender_of_the_envelope_and_the_next_one_may_succeed() -> None:
    kafka = FakeKafka()
    writer = a_writer(kafka)
    kafka.refusing = True
    writes = [writer.write(EVENTS_RECEIVED, [a_member(str(number))]) for number in range(3)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    kafka.refusing = False
    await writer.write(EVENTS_RECEIVED, [a_member("again")])

    assert [type(outcome) for outcome in outcomes] == [TransientError] * 3
    assert kafka.event_ids() == [["again"]]
    assert writer.pending_bytes == 0


async def test_waiting_is_bounded_in_time_and_what_nobody_waits_for_is_not_sent_later() -> None:
    kafka = FakeKafka()
    writer = a_writer(kafka, timeout_seconds=0.1, linger_seconds=0)
    kafka.open.clear()
    first = asyncio.create_task(writer.write(EVENTS_RECEIVED, [a_member("under way")]))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(writer.write(EVENTS_RECEIVED, [a_member("waiting")]))
    began = asyncio.get_running_loop().time()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    waited = asyncio.get_running_loop().time() - began
    kafka.open.set()
    await writer.write(EVENTS_RECEIVED, [a_member("later")])

    assert [type(outcome) for outcome in outcomes] == [TransientError] * 2
    assert waited < 1
    assert kafka.event_ids() == [["under way"], ["later"]]
    assert writer.pending_bytes == 0


async def test_what_waits_is_bounded_in_bytes_while_kafka_is_away_and_flows_again_after() -> None:
    kafka = FakeKafka()
    member = a_member("x")
    cost = len(member.value) + MEMBER_OVERHEAD
    writer = a_writer(kafka, pending_bytes=20 * cost, timeout_seconds=0.1)
    kafka.open.clear()
    most = 0
    for _ in range(20):
        burst = [writer.write(EVENTS_RECEIVED, [member]) for _ in range(50)]
        outcomes = await asyncio.gather(*burst, return_exceptions=True)
        assert all(isinstance(outcome, TransientError) for outcome in outcomes)
        most = max(most, writer.pending_bytes)
    kafka.open.set()
    await asyncio.sleep(0.05)
    await writer.write(EVENTS_RECEIVED, [a_member("after")])

    assert 0 < most <= 20 * cost
    assert kafka.event_ids()[-1] == ["after"]
    assert writer.pending_bytes == 0


async def test_a_sender_that_goes_away_leaves_nothing_behind() -> None:
    kafka = FakeKafka()
    writer = a_writer(kafka, linger_seconds=0.05)
    gone = asyncio.create_task(writer.write(EVENTS_RECEIVED, [a_member("gone")]))
    await asyncio.sleep(0.01)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await writer.write(EVENTS_RECEIVED, [a_member("here")])

    assert kafka.event_ids() == [["here"]]
    assert writer.pending_bytes == 0


async def test_stopping_waits_for_what_is_under_way_and_gives_up_in_time() -> None:
    kafka = FakeKafka()
    writer = a_writer(kafka, timeout_seconds=0.2)
    written = asyncio.create_task(writer.write(EVENTS_RECEIVED, [a_member("a")]))
    await asyncio.sleep(0)
    await writer.stop()
    kafka.open.clear()
    stuck = asyncio.create_task(writer.write(EVENTS_RECEIVED, [a_member("b")]))
    await asyncio.sleep(0.05)
    await writer.stop()

    await written
    with pytest.raises(TransientError):
        await stuck
    assert kafka.event_ids() == [["a"]]


async def test_single_records_go_under_their_key_and_are_bounded_alike() -> None:
    kafka = FakeKafka()
    writer = RecordWriter(kafka.publish, QUICK._replace(timeout_seconds=0.1, pending_bytes=2_000))
    await writer.write(PRODUCTS_CHANGED, [Keyed(b"demo|1", b"one"), Keyed(b"demo|2", b"two")])
    kafka.open.clear()
    burst = [writer.write(PRODUCTS_CHANGED, [Keyed(b"demo|3", b"x" * 100)]) for _ in range(50)]
    outcomes = await asyncio.gather(*burst, return_exceptions=True)
    held = kafka.under_way
    kafka.open.set()
    await asyncio.sleep(0.02)
    await writer.write(PRODUCTS_CHANGED, [Keyed(b"demo|4", b"four")])
    await writer.stop()

    assert [key for _, key, _ in kafka.records[:2]] == [b"demo|1", b"demo|2"]
    assert all(isinstance(outcome, TransientError) for outcome in outcomes)
    assert 0 < held < 10
    assert kafka.records[-1] == (None, b"demo|4", b"four")
