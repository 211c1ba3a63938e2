"""What may be committed: exactly the records delivered and acknowledged without a hole between them."""

from collections import defaultdict, deque
from typing import Any

from faust.transport.consumer import Consumer
from faust.types import TP

Delivered = defaultdict[TP, deque[int]]


def apply() -> None:
    """Put the corrected methods in place."""
    Consumer._new_offset = new_offset
    Consumer.on_partitions_revoked = on_partitions_revoked


def delivered(consumer: Any) -> Delivered:
    """Return the offsets handed to agents and not yet committed, oldest first, per partition."""
    kept: Delivered = consumer.__dict__.setdefault("_delivered", defaultdict(deque))
    return kept


def forget(consumer: Any) -> None:
    """Start a new count: whatever was delivered before is no longer ours to commit."""
    delivered(consumer).clear()
    consumer._acked.clear()
    consumer._acked_index.clear()
    consumer._gap.clear()


def new_offset(self: Any, tp: TP) -> int | None:
    """Replaces `Consumer._new_offset`: return the offset after the last one done without a hole, if there is news."""
    acked = self._acked_index[tp]
    self._acked[tp].clear()  # Faust's list of the same offsets, which only grew
    waiting = delivered(self)[tp]
    last = None
    while waiting and waiting[0] in acked:
        last = waiting.popleft()
        acked.discard(last)
    return None if last is None else last + 1


async def on_partitions_revoked(self: Any, revoked: set[TP]) -> None:
    """Replaces `Consumer.on_partitions_revoked`: wait for the agents and commit first, forget afterwards.

    Faust forgets first, and so repeats whatever was done since the last commit.
    """
    if self._active_partitions is not None:
        self._active_partitions.difference_update(revoked)
    self._paused_partitions.difference_update(revoked)
    self._buffered_partitions.clear()
    await self._on_partitions_revoked(revoked)
    forget(self)
    for tp in revoked:
        self._read_offset.pop(tp, None)
        self._committed_offset.pop(tp, None)
