"""Which destinations go their own way, in which partition, and since when.

A destination that is down is parked: what waits for it is let go, where it had got to is written down, and a lane goes
on from there. So the worker's own reading waits for no destination, and memory holds little of what waits.
"""

import asyncio
import time
from typing import Final

import structlog

from connectors.meta.parcels import Parcel
from schemas.records import Parked
from streams.failing import end_process
from streams.forwarding.ground import Ground
from streams.forwarding.lanes import LANE_EVENTS, Lane, World
from streams.forwarding.metrics import PARKED
from streams.forwarding.parking import LANE
from streams.forwarding.pendings import Route
from streams.forwarding.receipts import Pending
from streams.records import Record

IN_FLIGHT_SECONDS: Final = 8.0
"""How long requests may take to end when a partition is given away."""

log = structlog.get_logger()


class Asides:
    """The lanes of one process. Set *world* before the first is opened."""

    world: World

    def __init__(self, ground: Ground) -> None:
        """Start without any."""
        self.ground = ground
        self._open: dict[tuple[int, Route], Lane] = {}
        self._running: dict[Lane, asyncio.Task[None]] = {}
        self._positions: dict[int, tuple[int, float]] = {}

    def goes_aside(self, partition: int, route: Route) -> bool:
        """Tell whether the worker's own reading leaves this destination to a lane."""
        return (partition, route) in self._open

    def took(self, record: Record) -> None:
        """Note how far the worker's own reading has come."""
        self._positions[record.partition] = record.offset, record.timestamp

    def share(self) -> int:
        """Say how many events one lane may have in hand."""
        return LANE_EVENTS // max(1, len(self._running))

    def joined(self, lane: Lane) -> bool:
        """Tell whether *lane* has nothing left to read; then the worker's own reading takes its destination again."""
        until = lane.parked["until"]
        if lane.is_replay:
            return until is not None and lane.position >= until
        reached = self._positions.get(lane.partition)
        if reached is None or lane.position <= reached[0] or self.ground.roads.is_paused(lane.route):
            return False
        if self._open.pop((lane.partition, lane.route), None):
            log.info("destination joined again", destination="/".join(lane.route), partition=lane.partition)
        self._count()
        return True

    async def park(self, route: Route) -> None:
        """Let *route* hold nothing back any more: a lane begins at the first event it has not decided."""
        pendings = self.ground.pendings
        numbers = [number for number in self._positions if (number, route) not in self._open]
        lanes = [self._lane(number, self._standing(number, route)) for number in numbers]
        recalled = [parcel.tag for parcel in self._recalled(route, set(numbers))]
        held = [each for each in pendings.of(route) if each.receipt["source_partition"] in numbers]
        freed = [envelope for pending in held for envelope in pendings.release(pending)]
        for pending in recalled:
            pendings.remove(pending)
        for lane in lanes:
            self._supersede(lane)
            self._open[lane.partition, route] = lane
        self._count()
        log.warning("destination parked", destination="/".join(route), events=len(recalled), partitions=len(lanes))
        for lane in lanes:
            await self.ground.parking.write(lane.partition, [lane.parked])
        for envelope in freed:
            self.ground.done(envelope)
        for lane in lanes:
            self._start(lane)

    def open(self, partition: int, parked: Parked) -> None:
        """Go on with what an earlier process parked, or with a replay somebody asked for."""
        lane = self._lane(partition, parked)
        if parked["kind"] == LANE:
            self._open[partition, lane.route] = lane
        elif any(each.is_for(partition, parked) for each in self._running):
            return
        self._count()
        log.info("going on aside", destination="/".join(lane.route), partition=partition, kind=parked["kind"])
        self._start(lane)

    async def bookmark(self, lane: Lane) -> None:
        """Write down where *lane* stands, once the receipts before it are safe."""
        standing = {**lane.standing(), "generation": self.ground.generation()}
        await self.ground.parking.settled()
        if lane in self._running:
            await self.ground.parking.write(lane.partition, [standing])  # type: ignore[list-item]

    async def finished(self, lane: Lane) -> None:
        """Forget *lane*, once its receipts are safe."""
        await self.ground.parking.settled()
        await self.ground.parking.forget(lane.partition, lane.parked)
        self._running.pop(lane, None)  # last: until then, who parks it anew cancels this

    async def close(self) -> None:
        """End all lanes, and what they have on its way: another process may go on with them. Park all others before."""
        running, self._running = self._running, {}
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
        pendings = self.ground.pendings
        routes = pendings.routes()
        for route in routes:
            for parcel in self.ground.roads.recall(route):
                pendings.remove(parcel.tag)
        deadline = time.monotonic() + IN_FLIGHT_SECONDS
        while any(pendings.of(route) for route in routes) and time.monotonic() < deadline:
            await pendings.news(0.2)
        await self.ground.roads.drop(*routes)
        for route in routes:
            for pending in pendings.of(route):
                pendings.remove(pending)
        self._open.clear()
        self._positions.clear()
        self._count()
        await self.ground.parking.settled()

    def _lane(self, partition: int, parked: Parked) -> Lane:
        return Lane(partition, parked, self.world)

    def _standing(self, partition: int, route: Route) -> Parked:
        """Say from where on *route* has something to get: its first event not decided, else what comes next."""
        own = [each for each in self.ground.pendings.of(route) if _is_of(each, {partition})]
        first = min(own, key=lambda each: each.receipt["source_offset"], default=None)
        offset, seconds = self._positions[partition]
        if first is not None and first.envelopes:
            offset, seconds = first.receipt["source_offset"] - 1, first.envelopes[0].record.timestamp
        return Parked(
            kind=LANE,
            shop_id=route[0],
            destination=route[1],
            offset=offset + 1,
            until=None,
            since=int(seconds * 1000),
            parked_at=int(time.time() * 1000),
            generation=self.ground.generation(),
            reasons=[],
            event=None,
            waits_in=None,
        )

    def _recalled(self, route: Route, partitions: set[int]) -> list[Parcel]:
        """Take back what waits for *route* in *partitions*; what lanes that go on have offered stays offered."""
        parcels = self.ground.roads.recall(route)
        own = [each for each in parcels if _is_of(each.tag, partitions)]
        others = [each for each in parcels if not _is_of(each.tag, partitions)]
        if others:
            self.ground.roads.offer(route, others)
        return own

    def _supersede(self, lane: Lane) -> None:
        """End the lane that had joined before *lane*: the new one begins with what that one had not decided."""
        for other in [each for each in self._running if each.partition == lane.partition and each.route == lane.route]:
            if not other.is_replay:
                self._running.pop(other).cancel()

    def _start(self, lane: Lane) -> None:
        task = asyncio.create_task(lane.run(), name=f"{lane.parked['kind']} {'/'.join(lane.route)} {lane.partition}")
        task.add_done_callback(_must_not_fail)
        self._running[lane] = task

    def _count(self) -> None:
        PARKED.set(len(self._open))


def _must_not_fail(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        end_process("lane failed", error)


def _is_of(pending: Pending, partitions: set[int]) -> bool:
    """Tell whether a lane that begins now in *partitions* takes *pending* on; replays and holds keep theirs."""
    replayed = any(each.lane is not None and each.lane.is_replay for each in pending.envelopes)
    return pending.receipt["source_partition"] in partitions and not replayed and not pending.held
