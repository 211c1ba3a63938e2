"""The members of one partition on their way: gathered into batches, one batch under way at a time, in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from schemas.errors import TransientError

MEMBER_OVERHEAD: Final = 256
"""Bytes of memory that a waiting member costs beside its own."""


class Limits(NamedTuple):
    """When a batch is full, how long it waits for that, and how much may wait at all, and for how long."""

    linger_seconds: float = 0.01
    members: int = 200
    bytes: int = 262_144
    pending_bytes: int = 67_108_864
    timeout_seconds: float = 5.0


class Receipt:
    """What one sender waits for: *durable* is done once Kafka has every member of its."""

    __slots__ = ("_left", "durable")

    def __init__(self, members: int) -> None:
        """Expect so many *members*."""
        self._left = members
        self.durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def note_durable(self) -> None:
        """Note that Kafka has one more."""
        self._left -= 1
        if not self._left and not self.durable.done():
            self.durable.set_result(None)

    def note_failed(self, error: TransientError) -> None:
        """Note that Kafka did not take one."""
        if not self.durable.done():
            self.durable.set_exception(TransientError(str(error), error.retry_after))


class Member(NamedTuple):
    """One encoded member, and whose it is."""

    value: bytes
    receipt: Receipt

    @property
    def cost(self) -> int:
        """Bytes of memory while it waits."""
        return len(self.value) + MEMBER_OVERHEAD


Send = Callable[[list[bytes]], Awaitable[None]]
"""Returns when Kafka has the batch, or raises `TransientError`."""


class Lane:
    """One partition's queue; it runs only while something waits."""

    def __init__(self, limits: Limits, send: Send, count: Callable[[int], None]) -> None:
        """Take how a batch is sent; *count* is told of every change of the bytes held."""
        self._limits = limits
        self._send = send
        self._count = count
        self._waiting: deque[Member] = deque()
        self._bytes = 0
        self._abandoned = 0
        self._full = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def add(self, member: Member) -> None:
        """Queue *member* behind all that wait."""
        self._waiting.append(member)
        self._bytes += len(member.value)
        self._count(member.cost)
        if self._is_full():
            self._full.set()
        if self.task is None:
            self.task = asyncio.create_task(self._drain())

    def forget(self, members: int) -> None:
        """Note that the senders of so many *members* gave up; drop them once they are half of what waits."""
        self._abandoned += members
        if self._abandoned * 2 >= len(self._waiting):
            kept = deque(member for member in self._waiting if not member.receipt.durable.done())
            self._count(sum(member.cost for member in kept) - sum(member.cost for member in self._waiting))
            self._waiting, self._bytes = kept, sum(len(member.value) for member in kept)
            self._abandoned = 0

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._limits.members or self._bytes >= self._limits.bytes

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                if batch := self._take():
                    await self._deliver(batch)
        finally:
            self.task = None
            while self._waiting:  # only when cancelled
                self._popped().receipt.note_failed(TransientError("kafka: shutting down"))

    async def _gather(self) -> None:
        self._full.clear()
        if self._limits.linger_seconds and not self._is_full():
            try:
                async with asyncio.timeout(self._limits.linger_seconds):
                    await self._full.wait()
            except TimeoutError:
                return

    def _take(self) -> list[Member]:
        """Take a batch: in order, within the limits, without what nobody waits for any more."""
        batch: list[Member] = []
        size = 0
        while self._waiting and len(batch) < self._limits.members:
            if batch and size + len(self._waiting[0].value) > self._limits.bytes:
                break
            member = self._popped()
            if not member.receipt.durable.done():
                batch.append(member)
                size += len(member.value)
        self._count(sum(member.cost for member in batch))  # held until delivered
        return batch

    def _popped(self) -> Member:
        member = self._waiting.popleft()
        self._bytes -= len(member.value)
        self._count(-member.cost)
        return member

    async def _deliver(self, batch: list[Member]) -> None:
        try:
            await self._send([member.value for member in batch])
        except TransientError as exc:
            for member in batch:
                member.receipt.note_failed(exc)
        else:
            for member in batch:
                member.receipt.note_durable()
        finally:
            self._count(-sum(member.cost for member in batch))
