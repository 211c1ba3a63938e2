"""Who is parked: a destination that is down for too long, one that nearly everything waits for, or everybody."""

import time
from typing import Final

from streams.forwarding.asides import Asides

STUCK_SECONDS: Final = 10.0
"""How long events may wait for a destination that is down before the others wait no longer."""


async def park_stuck(asides: Asides) -> None:
    """Park every destination that is down and holds records back for too long."""
    pendings = asides.ground.pendings
    if not pendings.holding_back:
        return
    for route in pendings.routes():
        since = pendings.waiting_since(route)
        stuck = since is not None and time.monotonic() - since > STUCK_SECONDS
        if stuck and asides.ground.roads.is_paused(route):
            await asides.park(route)


async def park_largest(asides: Asides) -> None:
    """Park the destination that nearly everything waits for, if there are others it could hold up."""
    pendings = asides.ground.pendings
    sizes = {route: len(pendings.of(route)) for route in pendings.routes()}
    largest = max(sizes, key=sizes.__getitem__, default=None)
    if largest is None or pendings.waiting_since(largest) is None:
        return
    crowding = len(sizes) > 1 and sizes[largest] > 3 * sum(sizes.values()) // 4
    if crowding or asides.ground.roads.is_paused(largest):
        await asides.park(largest)


async def park_all(asides: Asides) -> None:
    """Park whatever holds records back; nothing does afterwards."""
    for route in asides.ground.pendings.routes():
        if asides.ground.pendings.waiting_since(route) is not None:
            await asides.park(route)
