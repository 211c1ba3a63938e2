"""Ends work of our own whole, whatever Faust does meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def to_the_end(ending: Coroutine[Any, Any, None]) -> None:
    """Await *ending* even if we are cancelled meanwhile, as Faust does with an agent; then be cancelled.

    What still runs needs what it runs with: a sender its client, a lane its producer.
    """
    task, cancelled = asyncio.create_task(ending), False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
