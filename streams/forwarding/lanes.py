"""One destination's own way through one partition, aside from the worker's reading, at the destination's own pace.

A lane begins where a destination that was down had got to, and ends where the worker's own reading is. A replay ends
where it was told to. Both read `events.enriched` again; where they stand is on `conversions.parked`.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, NamedTuple, Protocol

import structlog

from schemas.errors import TransientError
from schemas.records import Parked
from schemas.topics import EVENTS_ENRICHED
from streams.forwarding import parking
from streams.forwarding.finals import Finals
from streams.forwarding.pendings import Route
from streams.forwarding.receipts import Envelope
from streams.records import Record

LANE_EVENTS: Final = 10_000
"""Most events that all lanes of a process together have in hand."""
PROBE_EVENTS: Final = 100
"""Most events in hand for a destination that is down: enough to try it."""
BOOKMARK_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.5

log = structlog.get_logger()


class Reads(Protocol):
    """`connectors.kafka.readers.Reader`."""

    position: int

    async def next(self) -> list[Any]:
        """Return the records that are there."""


class World(NamedTuple):
    """What a lane asks and tells.

    *read*: partition and offset, to read `events.enriched` from. *take*: an envelope of the lane to be forwarded.
    *finals*: which of its events are not to be sent, or for a replay: are. *joined*: whether the worker's own reading
    has come no further, and then goes on with this destination. *bookmark*: where the lane stands; *finished*: that it
    is done with. *share*: its part of `LANE_EVENTS`.
    """

    read: Callable[[int, int], AbstractAsyncContextManager[Reads]]
    take: Callable[[Envelope], Awaitable[None]]
    finals: Callable[[int, Parked], Awaitable[Finals]]
    is_paused: Callable[[Route], bool]
    joined: Callable[["Lane"], bool]
    bookmark: Callable[["Lane"], Awaitable[None]]
    finished: Callable[["Lane"], Awaitable[None]]
    share: Callable[[], int]


class Lane:
    """One lane; `run` ends when it has joined the worker's own reading and all its events are decided."""

    def __init__(self, partition: int, parked: Parked, world: World) -> None:
        """Take where to begin and what to ask."""
        self.partition, self.parked, self._world = partition, parked, world
        self.route: Route = (parked["shop_id"], parked["destination"])
        self.position = parked["offset"]
        self.in_hand = 0
        self.finals = Finals()
        self._envelopes: deque[Envelope] = deque()
        self._written = parked["offset"], time.monotonic()
        self._news = asyncio.Event()

    @property
    def is_replay(self) -> bool:
        """Whether it only sends anew what was refused or skipped."""
        return self.parked["kind"] != parking.LANE

    def is_for(self, partition: int, parked: Parked) -> bool:
        """Tell whether it is this very lane."""
        return partition == self.partition and parking.key_of(parked) == parking.key_of(self.parked)

    def wants(self, key: bytes) -> bool:
        """Tell whether the event of this receipt is still to be sent."""
        return (key in self.finals) == self.is_replay

    def settled(self, key: bytes) -> None:
        """Note that the event of receipt *key* has it: said once more, it is not sent again."""
        if self.is_replay:
            self.finals.discard(key)
        else:
            self.finals.add(key)

    def begin(self, envelope: Envelope) -> None:
        """Count an envelope taken, until it has been taken apart."""
        self._envelopes.append(envelope)
        self.in_hand += 1

    def decided(self) -> None:
        """Count one event less in hand."""
        self.in_hand -= 1
        self._news.set()

    def standing(self) -> Parked:
        """Say where it stands: before everything that is not decided."""
        while self._envelopes and not self._envelopes[0].undecided:
            self._envelopes.popleft()
        if not self._envelopes:
            return {**self.parked, "offset": self.position}
        first = self._envelopes[0].record
        return {**self.parked, "offset": first.offset, "since": int(first.timestamp * 1000)}

    async def run(self) -> None:
        """Read, hand over, and say from time to time where it stands."""
        self.finals = await self._world.finals(self.partition, self.parked)
        while not await self._read_while_kafka_answers():
            while self.in_hand >= self._room():
                await self._look()
        while self.in_hand:
            await self._look()
        await self._world.finished(self)

    async def _read_while_kafka_answers(self) -> bool:
        try:
            return await self._read()
        except TransientError as exc:
            log.warning("reading aside interrupted", partition=self.partition, detail=str(exc))
            await asyncio.sleep(LOOK_SECONDS)
            return False

    async def _read(self) -> bool:
        """Read until it has joined (True), or its destination is down and as much is in hand as may be then."""
        async with self._world.read(self.partition, self.position) as reader:
            while not self._world.joined(self):
                records = await reader.next()
                for record in records:
                    while self.in_hand >= self._room():
                        if self._world.is_paused(self.route):
                            return False
                        await self._look()
                    await self._take(record)
                    if self._world.joined(self):
                        return True
                if not records:  # what is missing at the end was compacted away, or is no record of data
                    self.position = max(self.position, reader.position)
                await self._bookmark()
        return True

    async def _take(self, record: Any) -> None:
        taken = Record(
            EVENTS_ENRICHED.name,
            record.partition,
            record.offset,
            record.key,
            record.value,
            record.timestamp / 1000,
            tuple(record.headers),
            None,
        )
        await self._world.take(Envelope(taken, self))
        self.position = record.offset + 1
        self.parked = {**self.parked, "since": record.timestamp}

    def _room(self) -> int:
        return PROBE_EVENTS if self._world.is_paused(self.route) else max(PROBE_EVENTS, self._world.share())

    async def _look(self) -> None:
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), LOOK_SECONDS)
        except TimeoutError:
            await self._bookmark()

    async def _bookmark(self) -> None:
        offset, written_at = self._written
        if time.monotonic() - written_at > BOOKMARK_SECONDS and self.standing()["offset"] != offset:
            self._written = self.standing()["offset"], time.monotonic()
            await self._world.bookmark(self)
