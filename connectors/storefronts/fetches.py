"""Fetches that wait together: of many callbacks about one product, those that come before the fetch begins share it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")


class SharedFetches(Generic[Found]):
    """Makes at most *at_once* fetches at a time. One that has begun is never joined: it may not see the new change."""

    def __init__(self, at_once: int = 4) -> None:
        """Begin without any."""
        self._turn = asyncio.Semaphore(at_once)
        self._waiting: dict[Hashable, asyncio.Task[Found]] = {}

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[Found]]) -> Found:
        """Return what *fetch* returns, or the one that waits for the same *key*; raises what it raises."""
        task = self._waiting.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(key, fetch))
            task.add_done_callback(_seen)
            self._waiting[key] = task
        return await asyncio.shield(task)

    async def _fetch(self, key: Hashable, fetch: Callable[[], Awaitable[Found]]) -> Found:
        async with self._turn:
            del self._waiting[key]
            return await fetch()


def _seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # also where every sender has gone
