"""Everything about events that wait for consent: held here, asked for elsewhere, told of, or waiting in vain."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from schemas.records import Parked
from streams.forwarding.asking import Consents
from streams.forwarding.holds import Held
from streams.forwarding.parking import ASKED, HELD
from streams.forwarding.preparing import Preparer, Routed


class Waiting:
    """Takes up what waits, and lets go of it. *settled*: those of some receipts, each since when, that there are."""

    def __init__(
        self,
        consents: Consents,
        preparer: Preparer,
        send_on: Callable[[Iterable[Routed]], Awaitable[None]],
        settled: Callable[[int, Mapping[bytes, int]], Awaitable[set[bytes]]],
    ) -> None:
        """Take where what is let go goes."""
        self._holds, self._questions, self._tellings = consents
        self._preparer, self._send_on, self._settled = preparer, send_on, settled
        self._writing = asyncio.Lock()

    async def opened(self, partition: int, parked: Sequence[Parked]) -> None:
        """Go on with what is held in *partition* and asked there: by earlier processes, or by others just now."""
        known = [held for each in parked if each["kind"] == HELD and (held := self._holds.heard(each))]
        for held in known:
            await self._release(held)
        new = [each for each in parked if each["kind"] == HELD and not self._holds.has(each)]
        await self._take_up(partition, [self._holds.standing(partition, each) for each in new])
        for each in parked:
            visitor = self._questions.take(partition, each) if each["kind"] == ASKED else None
            if visitor is not None and (consent := self._tellings.of(visitor)):
                self._questions.told(visitor, consent)
        await self.write()

    async def write(self) -> None:
        """Write what is held, asked and answered, before the record it came with is acknowledged."""
        async with self._writing:  # what another task has begun to write is waited for
            await self._holds.write()
            await self._questions.write()

    async def sweep(self) -> None:
        """Skip what has waited in vain, and forget what has its receipt or its answer."""
        now_ms = int(time.time() * 1000)
        for held in self._holds.expired(now_ms):
            await self._release(held)
        await self._holds.forget_settled()
        await self._questions.forget(now_ms)

    def clear(self) -> None:
        """Forget everything: the partitions may be another's now."""
        self._holds.clear()
        self._questions.clear()
        self._tellings.clear()

    async def _take_up(self, partition: int, standing: Sequence[Held]) -> None:
        """Send on what had been told of already, or has waited too long, and wait on with the rest."""
        due = self._holds.due(standing, int(time.time() * 1000))
        ready = [held for held in standing if held.key in due]
        for held in ready:  # before anybody else does, while the receipts are read
            self._holds.let_go(held)
        done = await self._settled(partition, due)
        for held in ready:
            if held.key in done:
                self._holds.settled(held.key)
            else:
                await self._release(held)

    async def _release(self, held: Held) -> None:
        await self._send_on(self._preparer.released(held, self._holds.parked(held)))
