"""Takes envelopes apart, hands each event to its destinations, and acknowledges what has all its receipts."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog

from connectors.meta.parcels import Outcome, Parcel
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import EnrichedEvent, Parked, Rejected
from schemas.settings import ForwardSettings
from schemas.topics import CONVERSIONS_DELIVERED, RECORDS_REJECTED
from streams.failing import end_process
from streams.forwarding.asides import Asides
from streams.forwarding.asking import consents
from streams.forwarding.crowding import park_all, park_largest
from streams.forwarding.ground import Ground, Known, Links
from streams.forwarding.holds import CONSENT_CAME
from streams.forwarding.metrics import DELIVERED, PENDING
from streams.forwarding.parking import LANE, REPLAY, Parking
from streams.forwarding.pendings import Pendings, Route
from streams.forwarding.preparing import Preparer, Routed
from streams.forwarding.receipts import Envelope, Pending, completed
from streams.forwarding.rejections import events_of, rejected_event, rejection
from streams.forwarding.waiting import Waiting
from streams.outbox import Outbox, Output
from streams.records import Record

EVENTS_IN_HAND: Final = 20_000
"""Most events taken and not decided; beyond, the backlog stays on Kafka."""

GENERATION_SECONDS: Final = 20.0
"""How long events taken before a rebalance may take after it; then their destinations are parked."""

log = structlog.get_logger()


class Forwarder:
    """Forwards records one after the other; what it raises must end the process, and nothing is acknowledged then."""

    def __init__(self, codec: Codec, outbox: Outbox, known: Known, links: Links, limits: ForwardSettings) -> None:
        """Take where receipts go, what is known of shops, and how much may wait for consent."""
        self._codec, self._outbox, self._links = codec, outbox, links
        self.pendings = Pendings()
        self.parking = Parking(codec, outbox)
        self.asides = Asides(Ground(self.pendings, links.roads, self.parking, self._done_with, links.generation))
        waiting = consents(codec, self.parking, limits, links.home)
        self.holds = waiting.holds
        self._preparer = Preparer(known, self.pendings, waiting, self.asides)
        self.waiting = Waiting(waiting, self._preparer, self._send_on, links.settled)
        self._finals = self._preparer.finals
        self._generation: Any = None

    @property
    def pending(self) -> int:
        """How many events keep records from being acknowledged."""
        return self.pendings.holding_back

    async def take(self, record: Record) -> None:
        """Hand each event of *record* to its destinations, having waited while too many are on their way."""
        while self.pendings.holding_back >= EVENTS_IN_HAND:
            await park_largest(self.asides)
            await self.pendings.until_holding_back(EVENTS_IN_HAND, seconds=1.0)
        await self._links.ready(record.partition)
        await self._finals_of(record)
        await self._take(Envelope(record))

    async def take_aside(self, envelope: Envelope) -> None:
        """Hand the events of an *envelope* that a lane read to the lane's destination."""
        envelope.lane.begin(envelope)
        await self._take(envelope)

    async def opened(self, partition: int, parked: Sequence[Parked]) -> None:
        """Go on with what is *parked* in *partition*."""
        await self.waiting.opened(partition, parked)
        for each in parked:
            if each["kind"] in (LANE, REPLAY):
                self.asides.open(partition, each)

    async def close(self) -> None:
        """Let go of everything beside the worker's own reading: other partitions come, or none."""
        await park_all(self.asides)
        await self.asides.close()
        self.waiting.clear()

    async def settle(self, parcels: Sequence[Parcel], outcome: Outcome) -> None:
        """Write the receipt of each of *parcels*, and acknowledge the records that have all of theirs."""
        now_ms = int(time.time() * 1000)
        outputs: dict[int, list[Output]] = defaultdict(list)
        for parcel in parcels:
            told = (
                outcome._replace(reason=CONSENT_CAME) if parcel.tag.held and outcome.status == "accepted" else outcome
            )
            receipt = completed(parcel.tag.receipt, told, parcel.attempts, now_ms)
            value = self._codec.encode("Receipt", receipt)
            outputs[receipt["source_partition"]].append(Output(parcel.tag.key, value))
            labels = (told.status, told.reason or "", receipt["event_name"], receipt["destination"])
            DELIVERED.labels(*labels).inc()
        for partition, listed in outputs.items():
            await self._outbox.emit(CONVERSIONS_DELIVERED.name, partition, listed)
        for parcel in parcels:
            pending: Pending = parcel.tag
            if (finals := self._finals.get(pending.receipt["source_partition"])) is not None:
                finals.add(pending.key)
            self.pendings.remove(pending)
            if pending.held:
                self.holds.settled(pending.key)
            for envelope in pending.envelopes:
                if envelope.lane is not None:
                    envelope.lane.settled(pending.key)
                self._done_with(envelope)
        PENDING.set(len(self.pendings))

    async def _take(self, envelope: Envelope) -> None:
        record = envelope.record
        events = await self._events(record, envelope)
        ready, told = list[Routed](), list[Routed]()
        wrong: list[Rejected] = []
        for number, enriched in enumerate(events):  # no other task runs until all of them are routed
            try:
                ready += self._preparer.parcels(enriched, envelope)
                told += self._preparer.told(enriched["event"])
            except (KeyError, TypeError, ValueError, AttributeError) as exc:  # a bug of ours stops this event alone
                wrong.append(rejected_event(self._codec, record, number, enriched, exc))
        if envelope.lane is None:
            self.asides.took(record)
        await self._send_on(ready)
        for rejected in wrong:
            await self._reject(record, rejected)
        await self.waiting.write()
        if told:
            await self.parking.settled()  # only of what is known as told of does a later process ask for receipts
            await self._send_on(each for each in told if self.pendings.get(each.route, each.parcel.tag.key))
        self._done_with(envelope)

    async def _send_on(self, ready: Iterable[Routed]) -> None:
        """Hand what is ready to its destinations; write the receipts of what is skipped."""
        routed: dict[Route, list[Parcel]] = defaultdict(list)
        skipped: dict[str, list[Parcel]] = defaultdict(list)
        for each in ready:
            if each.skipped is None:
                routed[each.route].append(each.parcel)
            else:
                skipped[each.skipped].append(each.parcel)
        PENDING.set(len(self.pendings))
        for route, parcels in routed.items():
            self._links.roads.offer(route, parcels)
        for reason, parcels in skipped.items():
            await self.settle(parcels, Outcome("skipped", reason))

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
            await park_all(self.asides)
            if self.pending:
                end_process("dealt out anew with events on their way", pending=self.pending)
            self._finals.clear()
            self._generation = generation
        if record.partition not in self._finals:
            await self.parking.settled()
            self._finals[record.partition] = await self._links.finals(record)

    def _done_with(self, envelope: Envelope) -> None:
        envelope.undecided -= 1
        if envelope.lane is not None:
            envelope.lane.decided()
        elif not envelope.undecided:
            self._links.ack(envelope.record)
