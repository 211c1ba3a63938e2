"""A forwarder with everything around it played, for tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from connectors.kafka.shops import ShopDirectory
from connectors.meta.parcels import Outcome, Parcel
from schemas.codec import Codec
from schemas.records import EnrichedEvent, Parked
from schemas.settings import ForwardSettings
from streams.forwarding.finals import Finals
from streams.forwarding.forwarder import Forwarder
from streams.forwarding.ground import Known, Links
from streams.forwarding.lanes import World
from streams.forwarding.pendings import Route
from streams.outbox import Output
from streams.records import MEANT_FOR, Record
from tests.builders import a_shop

CODEC = Codec.from_lock()


class FakeOutbox:
    """Keeps what is emitted."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, int, Any]] = []
        self.parked: dict[bytes | None, Any] = {}
        self.places: dict[bytes | None, int] = {}

    async def settled(self) -> None:
        """Kafka has everything."""

    async def emit(self, topic: str, partition: int, outputs: Iterable[Output]) -> None:
        for output in outputs:
            value = CODEC.decode(output.value) if output.value is not None else None
            self.emitted.append((topic, partition, value))
            if topic == "conversions.parked":
                self.places[output.key] = partition
                self.parked[output.key] = value
                if value is None:
                    self.parked.pop(output.key, None)

    def receipts(self) -> list[tuple[str, str, str | None]]:
        return [
            (value["event_id"], value["status"], value["reason"])
            for topic, _, value in self.emitted
            if topic == "conversions.delivered"
        ]


class FakeReader:
    """Reads what the desk took."""

    def __init__(self, log: list[Any], position: int) -> None:
        self._log, self.position = log, position

    async def next(self) -> list[Any]:
        await asyncio.sleep(0.01)
        found = [record for record in self._log if record.offset >= self.position]
        self.position = found[-1].offset + 1 if found else self.position
        return found


class Desk:
    """A forwarder whose senders are the test."""

    def __init__(self, *destinations: Any, finals: Sequence[bytes] = (), missing: Any = (), **shop: Any) -> None:
        self.outbox, self.acked, self.waiting = FakeOutbox(), list[int](), list[Parcel]()
        self._finals, self.down = finals, set[Route]()
        self.settled, self.log, self.strangers = list[bytes](), list[Any](), set[str]()
        shops = ShopDirectory(CODEC)
        shops.put(a_shop(destinations=list(destinations), **shop))
        rest = (lambda record: self.acked.append(record.offset), lambda: 1, self._ready, self._settled, self._home)
        links = Links(self, self._read, *rest)  # type: ignore[arg-type]
        limits = ForwardSettings(held_events=3)
        self.forwarder = Forwarder(CODEC, self.outbox, Known(shops, missing), links, limits)  # type: ignore[arg-type]
        asides = self.forwarder.asides
        told = (self.is_paused, asides.joined, asides.bookmark, asides.finished, asides.share)
        asides.world = World(self._reading, self.forwarder.take_aside, self._read_settled, *told)

    def offer(self, route: Route, parcels: Sequence[Parcel]) -> None:
        self.waiting += parcels

    def is_paused(self, route: Route) -> bool:
        return route in self.down

    def recall(self, route: Route) -> list[Parcel]:
        mine = [parcel for parcel in self.waiting if parcel.tag.route == route]
        self.waiting = [parcel for parcel in self.waiting if parcel.tag.route != route]
        return mine

    @asynccontextmanager
    async def _reading(self, partition: int, offset: int) -> AsyncIterator[FakeReader]:
        yield FakeReader(self.log, offset)

    async def _read_settled(self, partition: int, parked: Parked) -> Finals:
        finals = Finals()
        for key in self.settled:
            finals.add_needed(key)
        return finals

    async def _ready(self, partition: int) -> None:
        """Nothing is parked."""

    async def _settled(self, partition: int, due: Mapping[bytes, int]) -> set[bytes]:
        return {key for key in self.settled if key in due}

    def _home(self, shop_id: str, visitor_id: str) -> int:
        return 0 if visitor_id not in self.strangers else 1

    async def _read(self, record: Record) -> Finals:
        finals = Finals()
        for key in self._finals:
            finals.add(key)
        return finals

    async def take(self, offset: int, value: bytes | None, generation: int = 1, meant_for: str = "") -> None:
        headers, at = ((MEANT_FOR, meant_for.encode()),) if meant_for else (), 1_793_000_000_000
        self.say(offset, value, headers=headers)
        message = SimpleNamespace(message=SimpleNamespace(generation_id=generation))
        await self.forwarder.take(Record("events.enriched", 0, offset, None, value, at / 1000, headers, message))

    def say(self, offset: int, value: bytes | None, headers: Any = ()) -> None:
        """Let *value* be on Kafka: lanes read it."""
        at = 1_793_000_000_000
        self.log.append(
            SimpleNamespace(partition=0, offset=offset, key=None, value=value, timestamp=at, headers=headers)
        )

    async def settle(self, *numbers: int) -> None:
        chosen = [self.waiting[number] for number in numbers]
        await self.forwarder.settle(chosen, Outcome("accepted", http_status=200))


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something the tasks of the forwarder do."""
    for _ in range(500):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


def envelope(*events: EnrichedEvent) -> bytes:
    return CODEC.encode("EnrichedEnvelope", {"events": list(events), "sessions": [], "orders": [], "timelines": []})


def a_lane(**changes: Any) -> Parked:
    parked = Parked(
        kind="lane",
        shop_id="demo",
        destination="one",
        offset=0,
        until=None,
        since=0,
        parked_at=0,
        generation=1,
        reasons=[],
        event=None,
        waits_in=None,
    )
    return parked | changes  # type: ignore[return-value]
