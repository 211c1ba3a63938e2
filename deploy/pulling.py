"""Pulls a shop's products from its shop system onto `products.changed`: everything, or what changed since last.

Interrupted, a pull goes on behind the last batch that Kafka has. When it is complete, its beginning is remembered, so
that the next one asks only for what changed since.
"""

import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final, NamedTuple

from connectors.storefronts.pulls import Batch, Refused
from deploy.absences import Absences, Gone, Publish
from deploy.checkpoints import Checkpoint
from schemas.records import EpochMillis

OVERLAP_MS: Final = 300_000
"""How far before its beginning the next pull asks: clocks differ, and a change may show late."""


class Start(NamedTuple):
    """Where a pull begins: the time it is the pull of, its position, and since when changes count (None: all)."""

    began_at: EpochMillis
    position: str | None
    since: EpochMillis | None


class Pulled(NamedTuple):
    """What a pull did. *gone*: what of the products it did not meet, where it was of everything.

    *levels*: how many levels of stock by location it brought.
    """

    published: int
    refused: list[Refused]
    since: EpochMillis | None
    was_resumed: bool
    gone: Gone | None = None
    levels: int = 0


Open = Callable[[Start], AsyncIterator[Batch]]


async def run(
    source: Open,
    publish: Publish,
    checkpoint: Checkpoint,
    told: Callable[[int, int], None],
    *,
    absences: Absences | None = None,
) -> Pulled:
    """Pull what changed since the last complete pull, everything if there was none; tell progress (done, of how many).

    After a pull of everything, *absences* deletes what it did not meet.

    Raises:
        TransientError, TerminalError: the shop's API or Kafka would not; the next run goes on from here.
    """
    saved = checkpoint.read() or {}
    start = Start(
        saved.get("began_at") or time.time_ns() // 1_000_000,
        saved.get("position"),
        saved.get("since"),
    )
    absent = absences if start.since is None else None
    put = partial(absent.publish, began_at=start.began_at) if absent else publish
    done, so_far = int(saved.get("done", 0)), Pulled(0, [], start.since, start.position is not None)
    async for batch in source(start):
        so_far = await _published(batch, put, so_far)
        done += len(batch.changes) + len(batch.refused)
        checkpoint.save({"began_at": start.began_at, "position": batch.position, "since": start.since, "done": done})
        if batch.changes or batch.refused:
            told(done, batch.total)
    gone = await absent.delete(start.began_at) if absent else None
    checkpoint.save({"since": start.began_at - OVERLAP_MS})
    return so_far._replace(gone=gone)


async def _published(batch: Batch, publish: Publish, so_far: Pulled) -> Pulled:
    too_large = await publish([*batch.changes, *batch.levels])
    refused = [*batch.refused, *(Refused(change["product_id"], "too_large", "product") for change in too_large)]
    return so_far._replace(
        published=so_far.published + len(batch.changes) - len(too_large),
        refused=so_far.refused + refused,
        levels=so_far.levels + len(batch.levels),
    )
