"""Watches over orders that wait for their other half, and tells their checkout when they have waited long enough.

It only tells: as a record on `identities.linked`, on the checkout's own partition. The stitcher decides when it reads
that, in order with everything else, so a replay decides the same and a rebalance cannot come between.
"""

import time
from typing import Final, NamedTuple

from schemas.records import EpochMillis, Link
from streams.rules import purchases
from streams.rules.checkouts import CheckoutState
from streams.rules.halves import deadline, has_half
from streams.rules.news import of_hold_over
from streams.stitching.outcomes import Due

GRACE_MS: Final = 5_000
"""How long a half that is here already may take from its visitor's partition to its checkout's."""

PATIENCE_MS: Final = 60_000
"""After which a checkout is told again: its shop may have made the hold longer meanwhile."""

Place = tuple[str, int]
"""Topic and partition."""


class Progress(NamedTuple):
    """What is committed of a place, and where it ends; None where that is not known."""

    committed: int | None
    end: int | None


class Holds:
    """The orders of this worker's partitions that wait."""

    def __init__(self) -> None:
        """Begin with none."""
        self._due: dict[bytes, tuple[int, tuple[Due, ...]]] = {}
        self._told: dict[Due, EpochMillis] = {}
        self._read: dict[Place, tuple[int, EpochMillis]] = {}
        self._reached: EpochMillis = 0
        self._at_end_since: EpochMillis | None = None

    def note_read(self, topic: str, partition: int, offset: int, received_at: EpochMillis) -> None:
        """Take that the record at *offset*, which came to us at *received_at*, has been worked through."""
        _, before = self._read.get((topic, partition), (0, 0))
        self._read[topic, partition] = (offset + 1, max(before, received_at))

    def note_due(self, partition: int, due: dict[bytes, tuple[Due, ...]]) -> None:
        """Take what waits at some checkouts of *partition* now."""
        for key, orders in due.items():
            if orders:
                self._due[key] = (partition, orders)
            else:
                self._due.pop(key, None)

    def forget(self) -> None:
        """Begin anew, as after a rebalance."""
        self._due, self._read = {}, {}
        self._reached, self._at_end_since = 0, None

    def stream_time(self, places: dict[Place, Progress], now: EpochMillis, *, is_idle: bool) -> EpochMillis:
        """Tell how far this worker has come: *now*, once no place has had unread records for a grace.

        Before that, as far as it had come: of a backlog that has just been read, halves may be on their way to their
        checkouts still. *is_idle*: the worker has waited for records for a while. Then a place nobody has ever read
        has none left.
        """
        times: list[EpochMillis] = []
        for place, (committed, end) in places.items():
            if place not in self._read and committed is None and is_idle:
                continue
            position, received_at = self._read.get(place, (committed or 0, 0))
            if end is None or position < end:
                times.append(received_at)
        if times:
            self._reached, self._at_end_since = min(now, *times), None
        elif self._at_end_since is None:
            self._at_end_since = now
        elif now - self._at_end_since >= GRACE_MS:
            self._reached = now
        return self._reached

    def over(self, stream_time: EpochMillis) -> list[Link]:
        """Say of each order that has waited past its hold that it has, and again if that has not helped for long."""
        over = [
            due
            for _, orders in self._due.values()
            for due in orders
            if max(due.deadline + GRACE_MS, self._told.get(due, 0) + PATIENCE_MS) < stream_time
        ]
        waiting = {due for _, orders in self._due.values() for due in orders}
        self._told = {due: at for due, at in self._told.items() if due in waiting} | dict.fromkeys(over, stream_time)
        return [
            of_hold_over(due.shop_id, due.checkout, due.order_id, deadline=due.deadline, received_at=stream_time)
            for due in over
        ]


def due_of(shop_id: str, place: str, state: CheckoutState, hold_ms: int) -> tuple[Due, ...]:
    """List what waits at a place for its other half."""
    order = state.order
    if order is not None:
        end = deadline(order, hold_ms) if has_half(order) else None
        return () if end is None else (Due(shop_id, place, order.order_id, end),)
    since = purchases.waiting_since(state)
    return (Due(shop_id, place, "", since + hold_ms),) if since else ()


def now_ms() -> EpochMillis:
    """Read the clock."""
    return int(time.time() * 1000)
