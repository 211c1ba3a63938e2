"""How forwarding ends: with the worker, or with the process when a rebalance cannot wait for Meta."""

import asyncio
import time
from typing import Any, Final

from streams.failing import end_process
from streams.forwarding.forwarder import Forwarder
from streams.forwarding.routes import Routes
from streams.records import Records

STOP_SECONDS: Final = 10.0
"""How long what is on its way may take when the worker stops; the rest comes again."""
REBALANCE_SECONDS: Final = 20.0
"""The same when partitions are dealt out anew: the whole group waits for this worker meanwhile."""
WATCH_SECONDS: Final = 1.0


async def forward_until_stopped(app: Any, records: Records, forwarder: Forwarder, routes: Routes) -> None:
    """Forward *records* until the worker stops. What is on its way then has `STOP_SECONDS` to be decided."""
    watching = asyncio.create_task(_end_when_stuck(app, forwarder))
    try:
        while True:
            await forwarder.take(await records.take())
    except StopAsyncIteration:
        try:
            await asyncio.wait_for(forwarder.until_pending_below(1), STOP_SECONDS)
        except TimeoutError:
            end_process("stopped with events on their way", pending=forwarder.pending)
    finally:
        watching.cancel()
        await routes.stop()


async def _end_when_stuck(app: Any, forwarder: Forwarder) -> None:
    since: float | None = None
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        since = (since or time.monotonic()) if app.rebalancing and forwarder.pending else None
        if since is not None and time.monotonic() - since > REBALANCE_SECONDS:
            end_process("rebalanced with events on their way", pending=forwarder.pending)
