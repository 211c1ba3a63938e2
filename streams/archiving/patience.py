"""Waits out an outage: tries again, ever more slowly, and gives up in the end."""

import asyncio
import random
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from schemas.errors import TransientError

FIRST_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 15.0
OUTAGE_SECONDS: Final = 300.0
"""After that the worker ends and starts anew: perhaps it was not ClickHouse."""

Result = TypeVar("Result")

log = structlog.get_logger()


async def until_done(call: Callable[[], Result], what: str, *, outage_seconds: float = OUTAGE_SECONDS) -> Result:
    """Run the blocking *call* in a thread until it does not raise `TransientError`. *what* names it in the log.

    Nothing is acknowledged meanwhile, so the backlog stays on Kafka.

    Raises:
        TransientError: it went on for longer than *outage_seconds*.
    """
    loop = asyncio.get_running_loop()
    deadline, wait = loop.time() + outage_seconds, FIRST_SECONDS
    while True:
        try:
            return await asyncio.to_thread(call)
        except TransientError as exc:
            pause = max(exc.retry_after or 0, wait * random.uniform(0.5, 1.5))  # noqa: S311 - no secret, only spread
            if loop.time() + pause > deadline:
                raise
            log.warning("clickhouse waited for", what=what, error=str(exc), seconds=round(pause, 1))
            await asyncio.sleep(pause)
            wait = min(wait * 2, LONGEST_SECONDS)
