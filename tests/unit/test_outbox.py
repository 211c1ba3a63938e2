import asyncio
import os
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.outbox import Outbox, Output


class FakeProducer:
    """Takes batches as aiokafka's producer does, and answers when it is told to."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.sent: list[tuple[str, int, int]] = []
        self.answers: list[asyncio.Future[Any]] = []

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.batch_size, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        assert batch.closed()
        self.sent.append((topic, partition, batch.record_count()))
        self.answers.append(asyncio.get_running_loop().create_future())
        return self.answers[-1]


class FakeApp:
    topic_prefix = "test-"

    def __init__(self, batch_size: int = 16_384) -> None:
        self.producer = self
        self.fake = FakeProducer(batch_size)

    def _ensure_producer(self) -> FakeProducer:
        return self.fake


def outputs(count: int, size: int = 100) -> list[Output]:
    return [Output(b"%d" % number, b"x" * size) for number in range(count)]


async def test_outputs_of_an_envelope_leave_as_one_batch_to_its_partition() -> None:
    app = FakeApp()
    await Outbox(app).emit("events.enriched", 3, outputs(50))

    assert app.fake.sent == [("test-events.enriched", 3, 50)]


async def test_no_outputs_are_no_batch() -> None:
    app = FakeApp()
    await Outbox(app).emit("events.enriched", 3, [])

    assert app.fake.sent == []


async def test_a_full_batch_is_followed_by_another_and_nothing_is_dropped() -> None:
    app = FakeApp(batch_size=1000)
    await Outbox(app).emit("events.enriched", 0, outputs(50))

    assert len(app.fake.sent) > 1
    assert sum(count for _, _, count in app.fake.sent) == 50


async def test_an_output_larger_than_a_batch_goes_alone() -> None:
    app = FakeApp(batch_size=1000)
    await Outbox(app).emit("events.enriched", 0, [*outputs(1), *outputs(1, size=5000), *outputs(1)])

    assert sum(count for _, _, count in app.fake.sent) == 3


async def test_emitting_does_not_wait_for_kafkas_answer() -> None:
    app = FakeApp()
    outbox = Outbox(app)
    await outbox.emit("events.enriched", 0, outputs(1))
    assert outbox.unanswered == 1
    app.fake.answers[0].set_result(None)
    await outbox.settled()

    assert outbox.unanswered == 0


async def test_a_failed_publish_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def note(code: int) -> None:
        codes.append(code)
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", note)
    app = FakeApp()
    await Outbox(app).emit("events.enriched", 0, outputs(1))
    with pytest.raises(SystemExit):
        Outbox(app)._answered(failed(app.fake.answers[0]))

    assert codes == [70]


def failed(answer: asyncio.Future[Any]) -> asyncio.Future[Any]:
    other = answer.get_loop().create_future()
    other.set_exception(KafkaError())
    return other
