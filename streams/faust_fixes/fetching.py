"""How records come from the consumer's thread to the agents: none taken and dropped, none early, none slow."""

import asyncio
import contextlib
import types
from collections.abc import Coroutine, Generator
from time import monotonic
from typing import Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.faust_fixes.commits import delivered

FETCH_MAX_WAIT_MS = 100
POLL_SECONDS = 1.0
IDLE_SECONDS = 0.02
RECORDS_BETWEEN_TURNS = 100

_create_worker_consumer = AIOKafkaConsumerThread._create_worker_consumer
_on_partitions_assigned = Consumer.on_partitions_assigned


def apply() -> None:
    """Put the corrected methods in place."""
    AIOKafkaConsumerThread._create_worker_consumer = create_worker_consumer
    AIOKafkaConsumerThread._fetch_records = fetch_records
    Consumer._drain_messages = drain_messages
    Consumer.on_buffer_drop = on_buffer_drop
    Consumer.on_partitions_assigned = on_partitions_assigned
    Consumer.verify_all_partitions_active = verify_all_partitions_active


def create_worker_consumer(self: Any, transport: Any) -> Any:
    """Wraps `_create_worker_consumer`: Faust's fetches wait 1.5 s for idle topics while busy ones starve."""
    consumer = _create_worker_consumer(self, transport)
    consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
    return consumer


async def on_partitions_assigned(self: Any, assigned: set[TP], generation_id: int = 0) -> None:
    """Wraps `Consumer.on_partitions_assigned`: nothing flows before the tables are read.

    A rebalance in the middle of a recovery finds the flow open, and Faust pauses the new partitions too late.
    """
    self.stop_flow()
    self.app.flow_control.suspend()
    self._paused_partitions = set(assigned)
    self._buffered_partitions.clear()
    await _on_partitions_assigned(self, assigned, generation_id)


def on_buffer_drop(self: Any, tp: TP) -> None:
    """Replaces `Consumer.on_buffer_drop`: a partition that is paused, or gone, stays so."""
    if tp in self._buffered_partitions:
        self._buffered_partitions.discard(tp)
        if tp not in self._paused_partitions:
            self._get_active_partitions().add(tp)


async def verify_all_partitions_active(self: Any) -> None:
    """Replaces Faust's detector of stalled streams, whose alarms are false (#175, #640): see `streams.watchdog`."""


async def fetch_records(
    self: Any,
    consumer: Any,
    active_partitions: set[TP] | None,
    timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
    max_records: int | None = None,
) -> Any:
    """Replaces `AIOKafkaConsumerThread._fetch_records`, in the consumer's thread: stop when the group rebalances.

    Faust passes a set that a rebalance empties, and aiokafka reads an empty set as "all partitions".
    """
    generation, fetcher = self.app.consumer_generation_id, consumer._fetcher
    deadline = monotonic() + (timeout or 0)
    while self.consumer.flow_active and self.app.consumer_generation_id == generation:
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError()
        wanted = None if active_partitions is None else frozenset(active_partitions)
        if fetcher._subscriptions.reassignment_in_progress or (wanted is not None and not wanted):
            return {}
        with fetcher._subscriptions.fetch_context():
            records = await fetcher.fetched_records(wanted, timeout=0, max_records=max_records)
        if records or monotonic() >= deadline:
            return records
        await _news(fetcher, min(deadline - monotonic(), FETCH_MAX_WAIT_MS / 1000))
    return {}


async def _news(fetcher: Any, seconds: float) -> None:
    waiter = fetcher._create_fetch_waiter()
    done, _ = await asyncio.wait([waiter], timeout=max(seconds, 0))
    if done:
        waiter.result()  # an authorization error, for instance
    else:
        waiter.cancel()


async def drain_messages(self: Any, fetcher: Any) -> None:
    """Replaces `Consumer._drain_messages` and `getmany`: fetch, and hand each record to the agents' buffers."""
    since_turn = 0
    try:
        while not (self.should_stop or fetcher.should_stop):
            generation, records = await _next_records(self)
            for tp, record in self.scheduler.iterate(records):
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    break  # the position is set anew before the flow resumes
                if tp not in self._paused_partitions:
                    await _deliver(self, tp, record)
                since_turn = (since_turn + 1) % RECORDS_BETWEEN_TURNS
                if not since_turn:
                    await asyncio.sleep(0)
    except (*self.consumer_stopped_errors, asyncio.CancelledError):
        if not self.transport.app.should_stop:
            raise


async def _next_records(self: Any) -> tuple[int, Any]:
    if not self.flow_active:
        await self.wait(self.can_resume_flow)
    generation: int = self.app.consumer_generation_id
    active = None if self.app.client_only else self._get_active_partitions()
    if not self.flow_active or (active is not None and not active):
        await asyncio.sleep(IDLE_SECONDS)
        return generation, {}
    await asyncio.sleep(0)
    return generation, await self._getmany(active_partitions=active, timeout=POLL_SECONDS)


async def _deliver(self: Any, tp: TP, record: Any) -> None:
    expected = self._read_offset[tp]
    if expected is not None and record.offset < expected:
        return  # read before
    if self.app.topics.acks_enabled_for(record.topic):
        delivered(self)[tp].append(record.offset)
    if self._commit_every is not None and self._n_acked >= self._commit_every:
        self._n_acked = 0
        await self.commit()
    waiting = started(self.callback(self._to_message(tp, record)))
    if waiting is not None:
        await self.wait_first(waiting, self.suspend_flow.wait())
    self._read_offset[tp] = record.offset + 1


def started(coroutine: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None] | None:
    """Take *coroutine*'s first step here and now, and return what is left of it.

    Faust makes four tasks a record to be able to give up waiting for a full buffer (#229); mostly nothing waits.
    """
    try:
        waits_for = coroutine.send(None)
    except StopIteration:
        return None
    return _rest(coroutine, waits_for)


async def _rest(coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _steps(coroutine, waits_for)


@types.coroutine
def _steps(coroutine: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    with contextlib.suppress(StopIteration):
        while True:
            try:
                answer = yield waits_for
            except BaseException as exc:
                waits_for = coroutine.throw(exc)
            else:
                waits_for = coroutine.send(answer)
