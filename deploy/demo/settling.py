"""Waits until everything sent has been worked through: nothing behind on any topic, nothing held, all items synced."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from connectors.kafka.lag import lags
from deploy.demo.outcome import Ask
from schemas.settings import KafkaSettings

HELD: Final = "SELECT count() FROM orders FINAL WHERE shop_id = {shop:String} AND match = 'held'"
POLL_SECONDS: Final = 0.5


async def settled(
    kafka: KafkaSettings, ask: Ask, shop: str, *, timeout_seconds: float, on_lag: Callable[[int], None]
) -> bool:
    """Wait until no worker is behind and no order is held, twice in a row; False when that takes too long."""
    deadline, quiet = time.monotonic() + timeout_seconds, 0
    while quiet < 2:
        if time.monotonic() > deadline:
            return False
        behind = sum((await lags(kafka)).values())
        ((held,),) = await asyncio.to_thread(ask, HELD, shop=shop)
        on_lag(behind + held)
        quiet = quiet + 1 if behind + held == 0 else 0
        await asyncio.sleep(POLL_SECONDS)
    return True


async def synced(waiting: Callable[[], int], *, timeout_seconds: float) -> int:
    """Wait until Meta has said what becomes of every item; returns how many are *waiting* still."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        left = await asyncio.to_thread(waiting)
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(POLL_SECONDS)
