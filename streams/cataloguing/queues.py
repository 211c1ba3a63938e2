"""What one catalog has to look at: products that changed, soonest; then what is looked through; then strays."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from schemas.records import EpochMillis


class Turn(NamedTuple):
    """What comes next: a product, or an item that no product stands for. *wanted_at*: when we were told; else 0."""

    product_id: str
    stray: str | None = None
    wanted_at: EpochMillis = 0


class Queue:
    """Everything is in it once; what is put back comes again before what is looked through."""

    def __init__(self) -> None:
        """Begin empty."""
        self._urgent: dict[str, EpochMillis] = {}
        self._backlog: deque[str] = deque()
        self._strays: deque[str] = deque()
        self._news = asyncio.Event()
        self.since = 0.0
        """`time.monotonic()` when the first urgent product came."""

    def __len__(self) -> int:
        return len(self._urgent) + self.looking_through

    @property
    def urgent(self) -> int:
        """How many products changed and were not looked at."""
        return len(self._urgent)

    @property
    def looking_through(self) -> int:
        """How much is left of what is looked through."""
        return len(self._backlog) + len(self._strays)

    def mark(self, product_id: str, wanted_at: EpochMillis = 0) -> None:
        """Have a product looked at soon; the earliest time it was wanted at counts."""
        if not self._urgent:
            self.since = time.monotonic()
        known = self._urgent.get(product_id)
        self._urgent[product_id] = min(known, wanted_at) if known and wanted_at else known or wanted_at
        self._news.set()

    def look_through(self, product_ids: Iterable[str], strays: Iterable[str] = ()) -> None:
        """Have products looked at when there is time for it."""
        self._backlog.extend(product_ids)
        self._strays.extend(strays)
        self._news.set()

    def put_back(self, turn: Turn) -> None:
        """Have *turn* looked at again, among its like."""
        if turn.stray is not None:
            self._strays.appendleft(turn.stray)
        elif turn.wanted_at:
            self.mark(turn.product_id, turn.wanted_at)
        else:
            self._backlog.appendleft(turn.product_id)
        self._news.set()

    def drop_backlog(self) -> None:
        """Look through nothing more."""
        self._backlog.clear()
        self._strays.clear()

    def pop(self) -> Turn | None:
        """Take what comes next."""
        if self._urgent:
            product_id = next(iter(self._urgent))
            return Turn(product_id, None, self._urgent.pop(product_id))
        if self._strays:
            return Turn("", self._strays.popleft())
        return Turn(self._backlog.popleft()) if self._backlog else None

    async def some(self) -> None:
        """Wait until there is anything."""
        while not len(self):
            self._news.clear()
            await self._news.wait()
