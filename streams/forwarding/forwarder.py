"""Takes envelopes apart, hands each event to its destinations, and acknowledges what has all its receipts."""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import structlog

from connectors.kafka.shops import ShopDirectory
from connectors.meta.parcels import Outcome, Parcel
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Destination, EnrichedEvent, Parked, Rejected, Shop
from schemas.topics import CONVERSIONS_DELIVERED, RECORDS_REJECTED
from streams.failing import end_process
from streams.forwarding.asides import Asides, Ground, Roads
from streams.forwarding.finals import Finals
from streams.forwarding.metrics import DELIVERED, PENDING
from streams.forwarding.parking import Parking
from streams.forwarding.pendings import Pendings, Route
from streams.forwarding.receipts import Envelope, Pending, begun, completed, key_of
from streams.forwarding.rejections import alone, events_of, rejection
from streams.outbox import Outbox, Output
from streams.records import Record
from streams.rules.conversions import decide

EVENTS_IN_HAND: Final = 20_000
"""Most events taken and not decided; beyond, the backlog stays on Kafka."""

GENERATION_SECONDS: Final = 20.0
"""How long events taken before a rebalance may take after it; then their destinations are parked."""

log = structlog.get_logger()


class Routed(NamedTuple):
    """An event ready for a destination, or to be skipped for a reason."""

    route: Route
    parcel: Parcel
    skipped: str | None


class Links(NamedTuple):
    """What ties a forwarder to the world.

    *roads*: the ways to destinations. *finals*: the receipts from before a partition's first record. *generation*: of
    the consumer group. *ready*: waits until what is parked in a partition is known.
    """

    roads: Roads
    finals: Callable[[Record], Awaitable[Finals]]
    ack: Callable[..., None]
    generation: Callable[[], int]
    ready: Callable[[int], Awaitable[None]]


class Forwarder:
    """Forwards records one after the other; what it raises must end the process, and nothing is acknowledged then."""

    def __init__(self, codec: Codec, outbox: Outbox, shops: ShopDirectory, links: Links) -> None:
        """Take where receipts go, and where shops' settings come from."""
        self._codec, self._outbox, self._shops, self._links = codec, outbox, shops, links
        self.pendings = Pendings()
        self.parking = Parking(codec, outbox)
        self.asides = Asides(Ground(self.pendings, links.roads, self.parking, self._done_with, links.generation))
        self._finals: dict[int, Finals] = {}
        self._generation: Any = None

    @property
    def pending(self) -> int:
        """How many events keep records from being acknowledged."""
        return self.pendings.holding_back

    async def take(self, record: Record) -> None:
        """Hand each event of *record* to its destinations, having waited while too many are on their way."""
        while self.pendings.holding_back >= EVENTS_IN_HAND:
            await self.asides.park_largest()
            await self.pendings.until_holding_back(EVENTS_IN_HAND, seconds=1.0)
        await self._links.ready(record.partition)
        await self._finals_of(record)
        await self._take(Envelope(record))

    async def take_aside(self, envelope: Envelope) -> None:
        """Hand the events of an *envelope* that a lane read to the lane's destination."""
        envelope.lane.begin(envelope)
        await self._take(envelope)

    async def opened(self, partition: int, parked: Parked) -> None:
        """Go on with what is *parked* in *partition*."""
        self.asides.open(partition, parked)

    async def settle(self, parcels: Sequence[Parcel], outcome: Outcome) -> None:
        """Write the receipt of each of *parcels*, and acknowledge the records that have all of theirs."""
        now_ms = int(time.time() * 1000)
        outputs: dict[int, list[Output]] = defaultdict(list)
        for parcel in parcels:
            receipt = completed(parcel.tag.receipt, outcome, parcel.attempts, now_ms)
            value = self._codec.encode("Receipt", receipt)
            outputs[receipt["source_partition"]].append(Output(parcel.tag.key, value))
            labels = (outcome.status, outcome.reason or "", receipt["event_name"], receipt["destination"])
            DELIVERED.labels(*labels).inc()
        for partition, listed in outputs.items():
            await self._outbox.emit(CONVERSIONS_DELIVERED.name, partition, listed)
        for parcel in parcels:
            pending: Pending = parcel.tag
            if (finals := self._finals.get(pending.receipt["source_partition"])) is not None:
                finals.add(pending.key)
            self.pendings.remove(pending)
            for envelope in pending.envelopes:
                self._done_with(envelope)
        PENDING.set(len(self.pendings))

    async def _take(self, envelope: Envelope) -> None:
        record = envelope.record
        events = await self._events(record, envelope)
        routed: dict[Route, list[Parcel]] = defaultdict(list)
        skipped: dict[str, list[Parcel]] = defaultdict(list)
        wrong: list[Rejected] = []
        for number, enriched in enumerate(events):  # no other task runs until all of them are routed
            try:
                for route, parcel, reason in self._parcels(enriched, envelope):
                    if reason is None:
                        routed[route].append(parcel)
                    else:
                        skipped[reason].append(parcel)
            except (KeyError, TypeError, ValueError, AttributeError) as exc:  # a bug of ours stops this event alone
                one = alone(self._codec, enriched)
                wrong.append(rejection(record, one, "rule_failed", type(exc).__name__, part=str(number)))
        if envelope.lane is None:
            self.asides.took(record)
        PENDING.set(len(self.pendings))
        for route, parcels in routed.items():
            self._links.roads.offer(route, parcels)
        for rejected in wrong if envelope.lane is None else ():
            await self._reject(record, rejected)
        for reason, parcels in skipped.items():
            await self.settle(parcels, Outcome("skipped", reason))
        self._done_with(envelope)

    def _parcels(self, enriched: EnrichedEvent, envelope: Envelope) -> Iterator[Routed]:
        """Prepare *enriched* for each destination that has not decided it yet."""
        event = enriched["event"]
        shop = self._shops.get(event["shop_id"])
        for destination in shop["destinations"] if shop else ():
            key, route = key_of(event, destination), (event["shop_id"], destination["name"])
            if shop is None or not self._is_for(route, key, envelope):
                continue
            if pending := self.pendings.get(route, key):  # said twice: one receipt will do for both
                self._hold(pending, envelope)
                continue
            if (prepared := self._prepared(enriched, shop, destination, envelope)) is not None:
                yield Routed(route, *prepared)

    def _is_for(self, route: Route, key: bytes, envelope: Envelope) -> bool:
        """Tell whether *route* is to get the event of receipt *key* by this reading of it, and has not yet."""
        partition, finals = envelope.record.partition, self._finals.get(envelope.record.partition, ())
        if envelope.lane is None:
            return key not in finals and not self.asides.goes_aside(partition, route)
        if envelope.lane.route != route or not envelope.lane.wants(key):
            return False
        return envelope.lane.is_replay or key not in finals

    def _prepared(
        self, enriched: EnrichedEvent, shop: Shop, destination: Destination, envelope: Envelope
    ) -> tuple[Parcel, str | None] | None:
        decision = decide(enriched, shop, destination, time.time())
        if decision is None:
            return None
        event = enriched["event"]
        pending = Pending(key_of(event, destination), begun(event, destination, decision, envelope.record))
        self.pendings.add(pending)
        self._hold(pending, envelope)
        return Parcel(decision.body or b"", decision.event_time, pending), decision.skipped

    def _hold(self, pending: Pending, envelope: Envelope) -> None:
        self.pendings.hold(pending, envelope)
        if envelope.lane is not None:
            envelope.lane.in_hand += 1

    async def _events(self, record: Record, envelope: Envelope) -> list[EnrichedEvent]:
        try:
            return events_of(self._codec, record)
        except TerminalError as exc:
            if envelope.lane is None:
                await self._reject(record, rejection(record, record.value or b"", exc.reason, exc.detail))
            return []

    async def _reject(self, record: Record, rejected: Rejected) -> None:
        value = self._codec.encode("Rejected", rejected)
        await self._outbox.emit(RECORDS_REJECTED.name, record.partition, [Output(record.key, value)])
        log.warning("record rejected", topic=record.topic, reason=rejected["reason"], offset=record.offset)

    async def _finals_of(self, record: Record) -> None:
        """Read the receipts anew whenever partitions were dealt out anew: others may have written some since."""
        generation = record.event.message.generation_id
        if generation != self._generation:
            await self.pendings.until_holding_back(1, seconds=GENERATION_SECONDS)
            await self.asides.park_all()
            if self.pending:
                end_process("dealt out anew with events on their way", pending=self.pending)
            self._finals, self._generation = {}, generation
        if record.partition not in self._finals:
            await self.parking.settled()
            self._finals[record.partition] = await self._links.finals(record)

    def _done_with(self, envelope: Envelope) -> None:
        envelope.undecided -= 1
        if envelope.lane is not None:
            envelope.lane.decided()
        elif not envelope.undecided:
            self._links.ack(envelope.record)
