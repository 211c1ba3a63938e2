"""So many at once: who comes when all places are taken waits a while, then is told to come again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schemas.errors import TransientError


class Place:
    """One place; to be freed once, freeing it again does nothing."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        """Take over a place of *places*."""
        self._places: asyncio.Semaphore | None = places

    def free(self) -> None:
        """Let the next one in."""
        places, self._places = self._places, None
        if places is not None:
            places.release()


class Places:
    """*count* places, waited for at most *wait_seconds*."""

    def __init__(self, count: int, wait_seconds: float) -> None:
        """Begin with all places free."""
        self._places, self._wait_seconds = asyncio.Semaphore(count), wait_seconds

    async def take(self) -> Place:
        """Take a place. Raises: `TransientError` when none becomes free in time."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise TransientError("too many questions at once") from None
        return Place(self._places)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place for the length of the block. Raises as `take`."""
        place = await self.take()
        try:
            yield
        finally:
            place.free()
