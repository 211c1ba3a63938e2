"""What waits for one destination: parcels to be gathered into batches, and batches that go again."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from connectors.meta.parcels import Batch, Parcel, fitting


class Waiting:
    """A queue that several workers take batches from, one at a time."""

    def __init__(self, batch_size: int, linger_seconds: float) -> None:
        """Take how many parcels make a batch, and how long it may wait for them."""
        self._batch_size, self._linger_seconds = batch_size, linger_seconds
        self._parcels: deque[Parcel] = deque()
        self._again: deque[Batch] = deque()
        self._news, self._turn = asyncio.Event(), asyncio.Lock()

    def put(self, parcels: Sequence[Parcel]) -> None:
        """Append *parcels*."""
        self._parcels.extend(parcels)
        self._news.set()

    def put_back(self, *batches: Batch) -> None:
        """Put *batches* before everything else, in this order."""
        self._again.extendleft(reversed(batches))
        self._news.set()

    def put_last(self, batch: Batch) -> None:
        """Put *batch* behind all others that go again."""
        self._again.append(batch)
        self._news.set()

    def recall(self) -> list[Parcel]:
        """Take everything out that waits."""
        parcels = [parcel for batch in self._again for parcel in batch.parcels] + list(self._parcels)
        self._again.clear()
        self._parcels.clear()
        return parcels

    def next_new(self) -> Batch | None:
        """Return what waits and has not been sent yet, as one batch; None when there is nothing."""
        count = fitting(self._parcels, self._batch_size)
        return Batch([self._parcels.popleft() for _ in range(count)]) if count else None

    async def some(self) -> None:
        """Wait until anything waits."""
        while not (self._again or self._parcels):
            await self._told(None)

    async def next(self) -> Batch:
        """Return a batch that goes again, else gather a new one: full, or lingered for. Waits until there is one."""
        async with self._turn:
            while True:
                await self.some()
                deadline = time.monotonic() + self._linger_seconds
                while not self._again and 0 < len(self._parcels) < self._batch_size:
                    if not await self._told(deadline - time.monotonic()):
                        break
                if self._again:
                    return self._again.popleft()
                if batch := self.next_new():  # none when all were recalled meanwhile
                    return batch

    async def _told(self, seconds: float | None) -> bool:
        """Wait for news, at most *seconds*; False when none came."""
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        return True
