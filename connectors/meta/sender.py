"""Keeps one destination busy: parcels come in, batches go out, and each parcel is settled exactly once.

    sender = Sender(client, settings(MetaSettings), Hooks(current, settle))
    running = asyncio.create_task(sender.run())
    sender.offer(parcels)

A batch leaves when it is full or has lingered; several are out at once. A refused batch is halved until only the bad
events are left. What is transient waits and goes again, with the same event ids; a dead token keeps everything waiting,
and so does a Meta that refuses whatever comes.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from connectors.meta.circuits import Circuit, Patience, patient_for
from connectors.meta.failures import Accepted, Failure
from connectors.meta.parcels import Batch, Outcome, Parcel
from connectors.meta.queues import Waiting
from connectors.meta.suspicion import Suspicion
from connectors.meta.verdicts import reason_of, verdict
from schemas.records import Destination
from schemas.settings import MetaSettings

ASK_SECONDS = 1.0


class Client(Protocol):
    """What sends one request: `connectors.meta.client.MetaClient`."""

    async def send(self, destination: Destination, events: Sequence[bytes]) -> Accepted | Failure:
        """Send *events* and say what came of it."""


def _ignore(_: object) -> None:
    """Do nothing."""


class Hooks(NamedTuple):
    """What a sender asks and tells its owner.

    *current*: the destination as configured now, None once it is gone. *settle*: parcels whose fate is decided.
    *requested*: the outcome of each request, `accepted` or a failure's kind. *changed*: the circuit, in a new state.
    """

    current: Callable[[], Destination | None]
    settle: Callable[[Sequence[Parcel], Outcome], Awaitable[None]]
    requested: Callable[[str], None] = _ignore
    changed: Callable[[Circuit], None] = _ignore


class Sender:
    """Sends to one destination. What a hook raises comes out of `run`."""

    def __init__(self, client: Client, meta: MetaSettings, hooks: Hooks, *, patience: Patience | None = None) -> None:
        """Take what to send with, how large and how many batches, and whom to ask."""
        self._client, self._hooks = client, hooks
        self._requests_in_flight = meta.requests_in_flight
        self._patience = patience or patient_for(meta.retry_seconds)
        self._waiting = Waiting(meta.batch_size, meta.linger_seconds)
        self._accepted = self._tries = 0
        self._suspicion = Suspicion(self._patience.enough_alike)
        self.circuit = Circuit(self._patience, random.random)
        self._told = self.circuit.state

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Take charge of *parcels*; bounding how many is the caller's part."""
        self._waiting.put(parcels)

    def recall(self) -> list[Parcel]:
        """Give back what waits and is in no request; it will not be settled."""
        return self._waiting.recall()

    async def run(self) -> None:
        """Send until cancelled. Raises what a hook raised, in an `ExceptionGroup`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._requests_in_flight):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            await self._waiting.some()
            await self._leave()
            batch = self._probe(await self._next())  # only now, so that what must wait can be recalled
            destination = self._hooks.current()  # a batch may have been long in coming
            if destination is not None and self.circuit.state == "open":  # another request failed meanwhile
                self._waiting.put_back(batch)
                continue
            if destination is None:
                await self._hooks.settle(batch.parcels, Outcome("skipped", "destination_removed"))
            elif await self._young(batch):
                await self._attempt(batch, destination)
                continue
            self.circuit.unused()

    async def _next(self) -> Batch:
        """Choose what to send. Every other attempt at a closed door is made with what has not failed there yet."""
        if self.circuit.state == "half_open":
            self._tries += 1
            if self._tries % 2 == 0 and (batch := self._waiting.next_new()):
                return batch
        return await self._waiting.next()

    def _probe(self, batch: Batch) -> Batch:
        """Where everything is refused, try one event: a whole batch may be refused for another that is in it."""
        if self.circuit.state != "half_open" or self.circuit.why != "refusing" or len(batch.parcels) == 1:
            return batch
        one, others = batch.parted(1)
        self._waiting.put_last(others)
        return one

    async def _leave(self) -> None:
        """Wait until the circuit lets a request out, or the destination is gone."""
        while wait := self.circuit.ask(time.monotonic()):
            if self._hooks.current() is None:
                return
            await asyncio.sleep(min(wait, ASK_SECONDS))
        self._tell()

    async def _young(self, batch: Batch) -> bool:
        """Settle what became too old while it waited; say whether anything is left to send."""
        now = time.time()
        aged = {parcel for parcel in batch.parcels if parcel.is_too_old(now)}
        if aged:
            batch.parcels = [parcel for parcel in batch.parcels if parcel not in aged]
            await self._hooks.settle(list(aged), Outcome("skipped", "too_old"))
        return bool(batch.parcels)

    async def _attempt(self, batch: Batch, destination: Destination) -> None:
        for parcel in batch.parcels:
            parcel.attempts += 1
        if not batch.failures:
            batch.accepted_before = self._accepted
        started = time.monotonic()
        answer = await self._client.send(destination, [parcel.body for parcel in batch.parcels])
        latency_ms = round((time.monotonic() - started) * 1000)
        if isinstance(answer, Failure):
            self._hooks.requested(answer.kind)
            await self._failed(batch, answer, latency_ms)
            return
        self._hooks.requested("accepted")
        self._accepted += 1
        self._suspicion.accepted()
        self.circuit.answered(time.monotonic(), answer.pause_seconds)
        self._tell()
        taken = Outcome("accepted", None, answer.http_status, None, None, answer.trace_id, batch.batch_id, latency_ms)
        await self._hooks.settle(batch.parcels, taken)

    async def _failed(self, batch: Batch, failure: Failure, latency_ms: int) -> None:
        failure = self._suspicion.judged(failure, alone=len(batch.parcels) == 1)
        wait = self._note(batch, failure)
        decided = verdict(batch, failure, self._patience)
        if decided == "refuse":
            read = (failure.http_status, failure.code, failure.subcode, failure.trace_id)
            refused = Outcome("refused", reason_of(failure), *read, batch.batch_id, latency_ms)
            await self._hooks.settle(batch.parcels, refused)
        elif decided == "split":
            self._waiting.put_back(*batch.halves())
        elif failure.kind == "refusing":
            self._waiting.put_last(batch)  # the next try is with another event
        else:
            if self.circuit.state == "closed":
                await asyncio.sleep(wait)
            self._waiting.put_back(batch)

    def _note(self, batch: Batch, failure: Failure) -> float:
        """Tell the circuit of *failure* and count how stubborn *batch* is; return how long it should wait."""
        now = time.monotonic()
        if failure.kind in ("permanent", "split"):
            self.circuit.answered(now, failure.pause_seconds)
            wait = 0.0
        else:
            wait = self.circuit.failed(now, failure)
        self._tell()
        batch.failures += 1
        batch.stubborn += self._accepted > batch.accepted_before
        batch.accepted_before = self._accepted
        return max(wait, self._patience.backoff(batch.failures, random.random()))  # noqa: S311 - jitter

    def _tell(self) -> None:
        if self.circuit.state != self._told:
            self._told = self.circuit.state
            self._hooks.changed(self.circuit)
