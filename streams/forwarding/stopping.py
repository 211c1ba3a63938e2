"""How forwarding goes on beside its reading, and how it ends: with the worker, or when partitions go."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from schemas.topics import EVENTS_ENRICHED
from streams.ending import to_the_end
from streams.failing import end_process
from streams.forwarding.crowding import park_all, park_stuck
from streams.forwarding.forwarder import Forwarder
from streams.forwarding.lots import Lots
from streams.forwarding.routes import Routes
from streams.records import Records

STOP_SECONDS: Final = 10.0
"""How long what is on its way may take when the worker stops; the rest is parked."""
REBALANCE_SECONDS: Final = 15.0
"""The same when partitions are dealt out anew: the whole group waits for this worker meanwhile."""
WATCH_SECONDS: Final = 0.5


async def forward_until_stopped(app: Any, records: Records, forwarder: Forwarder, routes: Routes, lots: Lots) -> None:
    """Forward *records* until the worker stops. What is on its way then has `STOP_SECONDS` to be decided."""

    async def give_away(*_: Any, **__: Any) -> None:
        await lots.close()
        await forwarder.close()

    app.on_partitions_revoked.connect(give_away, weak=False)
    watching = asyncio.create_task(_watch(app, forwarder, lots))
    watching.add_done_callback(_must_not_fail)
    try:
        while True:
            await forwarder.take(await records.take())
    except StopAsyncIteration:
        await forwarder.pendings.until_holding_back(1, seconds=STOP_SECONDS)
        await park_all(forwarder.asides)
        if forwarder.pending:
            end_process("stopped with events on their way", pending=forwarder.pending)
    finally:
        watching.cancel()
        app.on_partitions_revoked.disconnect(give_away, weak=False)
        await to_the_end(_ended(give_away, routes))


async def _ended(give_away: Callable[[], Awaitable[None]], routes: Routes) -> None:
    await give_away()
    await routes.stop()


async def _watch(app: Any, forwarder: Forwarder, lots: Lots) -> None:
    """Park what is down, begin with partitions that came, and let no rebalance wait long."""
    since: float | None = None
    topic = app.topic_prefix + EVENTS_ENRICHED.name
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        await park_stuck(forwarder.asides)
        await forwarder.waiting.sweep()
        since = (since or time.monotonic()) if app.rebalancing and forwarder.pending else None
        if since is not None and time.monotonic() - since > REBALANCE_SECONDS:
            await park_all(forwarder.asides)
        if not app.rebalancing:
            await lots.begin([tp.partition for tp in app.consumer.assignment() if tp.topic == topic])


def _must_not_fail(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        end_process("forwarding failed", error)
