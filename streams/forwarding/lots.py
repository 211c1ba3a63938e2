"""Follows `conversions.parked` for the worker's partitions: what earlier processes left, then what is asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog

from connectors.kafka.readers import Reader
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.records import Parked
from streams.failing import end_process
from streams.forwarding.parking import REPLAY, Standing, decoded

RETRY_SECONDS: Final = 1.0

log = structlog.get_logger()


class Lots:
    """What is parked, by partition. *opened* is told of each thing once."""

    def __init__(
        self,
        codec: Codec,
        read: Callable[[int, int], AbstractAsyncContextManager[Reader]],
        opened: Callable[[int, Sequence[Parked]], Awaitable[None]],
    ) -> None:
        """Take how to read a partition from an offset on."""
        self._codec, self._read, self._opened = codec, read, opened
        self._following: dict[int, asyncio.Task[None]] = {}
        self._ready: dict[int, asyncio.Event] = {}
        self._positions: dict[int, int] = {}

    async def ready(self, partition: int) -> None:
        """Begin with *partition*, if not begun, and wait until everything parked in it is known."""
        if partition not in self._following:
            self._ready[partition] = asyncio.Event()
            task = asyncio.create_task(self._follow(partition), name=f"parked {partition}")
            task.add_done_callback(_must_not_fail)
            self._following[partition] = task
        await self._ready[partition].wait()

    async def begin(self, partitions: Iterable[int]) -> None:
        """Begin with all of *partitions*."""
        await asyncio.gather(*(self.ready(each) for each in partitions))

    async def close(self) -> None:
        """Forget everything: other partitions come, or none."""
        following, self._following = self._following, {}
        for task in following.values():
            task.cancel()
        await asyncio.gather(*following.values(), return_exceptions=True)
        for event in self._ready.values():
            event.set()
        self._ready.clear()
        self._positions.clear()

    async def _follow(self, partition: int) -> None:
        while True:
            try:
                await self._follow_while_kafka_answers(partition)
            except TransientError as exc:
                log.warning("following interrupted", partition=partition, detail=str(exc))
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow_while_kafka_answers(self, partition: int) -> None:
        """Read everything from the beginning, unless that has been done; then what comes."""
        ready, standing = self._ready[partition], Standing()
        async with self._read(partition, self._positions.get(partition, 0)) as reader:
            while not ready.is_set():
                for record in await reader.next() if reader.position < reader.end else ():
                    standing.apply(record.key, decoded(self._codec, record.value))
                if reader.position >= reader.end:
                    await self._opened(partition, standing.all())
                    ready.set()
            while True:
                self._positions[partition] = reader.position
                for record in await reader.next():
                    parked = decoded(self._codec, record.value)
                    if parked is not None and _is_told_by_others(parked):
                        await self._opened(partition, [parked])


def _is_told_by_others(parked: Parked) -> bool:
    """Tell whether *parked* is news: somebody wants a replay, or asks for consent, or tells of it."""
    if parked["kind"] == REPLAY:
        return not parked["generation"]
    return parked["waits_in"] is not None


def _must_not_fail(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        end_process("parking lot failed", error)
