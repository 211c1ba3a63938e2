import asyncio
from typing import Any

import pytest
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from streams.batches import unacked
from streams.records import Records


class FakeMessage:
    def __init__(self, offset: int, generation_id: int, value: bytes | None = b"{}") -> None:
        self.topic, self.partition, self.offset = "test-events.received", 3, offset
        self.key, self.value, self.timestamp, self.headers = None, value, 1_793_000_000.0, [("reason", b"x")]
        self.generation_id, self.tracked = generation_id, False


class FakeEvent:
    def __init__(self, message: FakeMessage, acked: list[int]) -> None:
        self.message, self._acked = message, acked

    def ack(self) -> None:
        self._acked.append(self.message.offset)


class FakeApp:
    """As much of a Faust app, its consumer, stream and topic as `Records` touches."""

    def __init__(self) -> None:
        self.flow_control = FlowControlEvent(initially_suspended=False)
        self.consumer_generation_id = 1
        self._unacked_messages: set[Any] = set()
        self.acked: list[int] = []
        self.queue: Any = ThrowableQueue(flow_control=self.flow_control)
        self.app = self.consumer = self.channel = self

    async def __anext__(self) -> Any:
        return await self.queue.get()

    def arrive(self, *offsets: int, generation_id: int = 1) -> None:
        for offset in offsets:
            self.queue.force_put_nowait(FakeEvent(FakeMessage(offset, generation_id), self.acked))

    def stop(self) -> None:
        """As Faust stops an agent: whatever is still in the buffer is not given out."""
        self.queue._throw(StopAsyncIteration())

    def stop_soon(self) -> None:
        asyncio.get_running_loop().call_later(0.05, self.stop)


async def test_a_record_says_where_it_is_from() -> None:
    app = FakeApp()
    app.arrive(17)
    record = await Records(app, prefix="test-").take()

    assert record[:7] == ("events.received", 3, 17, None, b"{}", 1_793_000_000.0, (("reason", b"x"),))


async def test_a_record_is_acknowledged_when_the_next_is_asked_for() -> None:
    app = FakeApp()
    app.arrive(1, 2)
    records = Records(app)
    await anext(records)
    assert app.acked == []
    assert records.in_hand == 1
    await anext(records)

    assert app.acked == [1]


async def test_a_body_that_raises_leaves_its_record_unacknowledged() -> None:
    app = FakeApp()
    app.arrive(1, 2)
    records = Records(app)

    async def body() -> None:
        async for record in records:
            if record.offset == 2:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await body()

    assert app.acked == [1]
    assert records.in_hand == 1


async def test_a_record_in_hand_keeps_a_rebalance_waiting_until_it_is_done() -> None:
    app = FakeApp()
    app.arrive(1)
    records = Records(app)
    record = await records.take()
    assert app._unacked_messages == {record.event.message}
    records.ack(record)

    assert app._unacked_messages == set()


async def test_records_a_rebalance_has_overtaken_are_not_given_out() -> None:
    app = FakeApp()
    app.arrive(1, generation_id=0)
    app.arrive(2)

    assert (await Records(app).take()).offset == 2
    assert app.acked == []


async def test_nothing_is_given_out_while_the_flow_is_stopped() -> None:
    app = FakeApp()
    app.arrive(1)
    app.flow_control.suspend()

    assert Records(app).take_nowait() is None


async def test_a_late_acknowledgement_does_not_count_for_the_next_owner() -> None:
    app = FakeApp()
    app.arrive(1)
    records = Records(app)
    record = await records.take()
    app.consumer_generation_id = 2
    records.ack(record)

    assert app.acked == []
    assert records.in_hand == 0


async def test_iteration_ends_when_the_worker_stops() -> None:
    app = FakeApp()
    app.arrive(1)
    app.stop_soon()
    records = Records(app)

    assert [record.offset async for record in records] == [1]
    assert records.closed
    assert app.acked == [1]


async def test_a_stop_goes_before_what_is_still_buffered() -> None:
    app = FakeApp()
    app.arrive(1)
    app.stop()

    assert [record.offset async for record in Records(app)] == []
    assert app.acked == []


async def test_it_is_known_since_when_a_body_waits() -> None:
    app = FakeApp()
    records = Records(app)
    waiting = asyncio.create_task(records.take())
    await asyncio.sleep(0.01)
    assert records.waiting_since is not None
    app.arrive(1)
    await waiting

    assert records.waiting_since is None


async def test_a_batch_is_given_out_when_it_is_full() -> None:
    app = FakeApp()
    app.arrive(*range(5))
    batches = unacked(Records(app), 2, within_seconds=60)

    assert [[record.offset for record in await anext(batches)] for _ in range(2)] == [[0, 1], [2, 3]]


async def test_a_batch_is_given_out_when_its_time_is_up() -> None:
    app = FakeApp()
    app.arrive(0)
    batches = unacked(Records(app), 1000, within_seconds=0.05)
    asyncio.get_running_loop().call_later(0.01, app.arrive, 1)

    assert [record.offset for record in await anext(batches)] == [0, 1]


async def test_no_record_is_lost_between_two_batches() -> None:
    app = FakeApp()
    records = Records(app)

    async def produce() -> None:
        for offset in range(200):
            app.arrive(offset)
            await asyncio.sleep(0.001)
        app.stop_soon()

    producing = asyncio.create_task(produce())
    seen = [record.offset async for batch in unacked(records, 7, within_seconds=0.002) for record in batch]
    await producing

    assert seen == list(range(200))


async def test_batches_acknowledge_nothing_by_themselves() -> None:
    app = FakeApp()
    app.arrive(1, 2)
    app.stop_soon()
    records = Records(app)
    async for batch in unacked(records, 1, within_seconds=1):
        last = batch
    records.ack(*last)

    assert app.acked == [2]
    assert records.in_hand == 1
