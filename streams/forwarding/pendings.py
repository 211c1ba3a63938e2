"""Which events have no final receipt yet, by destination, oldest first."""

import asyncio
import time
from typing import TypeAlias

from streams.forwarding.receipts import Envelope, Pending

Route: TypeAlias = tuple[str, str]
"""A shop and the name of one of its destinations."""


class Pendings:
    """All events of a process without their final receipt."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_route: dict[Route, dict[bytes, Pending]] = {}
        self._decided = asyncio.Event()
        self._count = 0
        self.holding_back = 0
        """How many keep records of the worker's own reading from being acknowledged."""

    def __len__(self) -> int:
        return self._count

    def get(self, route: Route, key: bytes) -> Pending | None:
        """Find an event at a destination."""
        return self._by_route.get(route, {}).get(key)

    def add(self, pending: Pending) -> None:
        """Take charge of *pending*."""
        self._by_route.setdefault(pending.route, {})[pending.key] = pending
        self._count += 1
        self.holding_back += pending.holds_back

    def hold(self, pending: Pending, envelope: Envelope) -> None:
        """Let *envelope* too wait for *pending*."""
        before = pending.holds_back
        pending.envelopes.append(envelope)
        envelope.undecided += 1
        self.holding_back += pending.holds_back - before

    def release(self, pending: Pending) -> list[Envelope]:
        """Let *pending* hold back nothing of the worker's own reading; return what it held back."""
        freed = [each for each in pending.envelopes if each.lane is None]
        self.holding_back -= bool(freed)
        pending.envelopes = [each for each in pending.envelopes if each.lane is not None]
        return freed

    def remove(self, pending: Pending) -> None:
        """Let go of *pending*, if it is still here."""
        listed = self._by_route.get(pending.route, {})
        if listed.pop(pending.key, None) is None:
            return
        self._count -= 1
        self.holding_back -= pending.holds_back
        if not listed:
            del self._by_route[pending.route]
        self._decided.set()

    def of(self, route: Route) -> list[Pending]:
        """List what waits for one destination."""
        return list(self._by_route.get(route, {}).values())

    def routes(self) -> list[Route]:
        """List the destinations anything waits for."""
        return list(self._by_route)

    def waiting_since(self, route: Route) -> float | None:
        """Tell since when (monotonic seconds) the oldest that holds anything back waits; None when there is none."""
        return next((each.taken_at for each in self._by_route.get(route, {}).values() if each.holds_back), None)

    async def news(self, seconds: float) -> None:
        """Wait until one is decided, at most *seconds*."""
        self._decided.clear()
        try:
            await asyncio.wait_for(self._decided.wait(), seconds)
        except TimeoutError:
            return

    async def until_holding_back(self, below: int, *, seconds: float) -> None:
        """Wait until fewer than *below* hold anything back, at most *seconds*."""
        deadline = time.monotonic() + seconds
        while self.holding_back >= below and (left := deadline - time.monotonic()) > 0:
            await self.news(left)
