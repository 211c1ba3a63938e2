"""Takes envelopes apart, hands each event to its destinations, and acknowledges what has all its receipts."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import structlog

from connectors.kafka.shops import ShopDirectory
from connectors.meta.parcels import Outcome, Parcel
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import EnrichedEvent, Rejected
from schemas.topics import CONVERSIONS_DELIVERED, RECORDS_REJECTED
from streams.forwarding.finals import Finals
from streams.forwarding.metrics import DELIVERED, PENDING
from streams.forwarding.receipts import Envelope, Pending, begun, completed, key_of
from streams.forwarding.rejections import alone, events_of, rejection
from streams.outbox import Outbox, Output
from streams.records import Record
from streams.rules.conversions import decide

EVENTS_IN_HAND: Final = 20_000
"""Most events taken and not decided; beyond, the backlog stays on Kafka."""

GENERATION_SECONDS: Final = 20.0
"""How long events taken before a rebalance may take after it; then the process ends, and starts with its receipts."""

log = structlog.get_logger()


class Routed(NamedTuple):
    """An event ready for the destination of this name, or to be skipped for a reason."""

    destination: str
    parcel: Parcel
    skipped: str | None


class Links(NamedTuple):
    """What ties a forwarder to the world.

    *offer*: shop, destination and the parcels for it. *finals*: the receipts from before a partition's first record.
    """

    offer: Callable[[str, str, Sequence[Parcel]], None]
    finals: Callable[[Record], Awaitable[Finals]]
    ack: Callable[..., None]


class Forwarder:
    """Forwards records one after the other; what it raises must end the process, and nothing is acknowledged then."""

    def __init__(self, codec: Codec, outbox: Outbox, shops: ShopDirectory, links: Links) -> None:
        """Take where receipts go, and where shops' settings come from."""
        self._codec, self._outbox, self._shops, self._links = codec, outbox, shops, links
        self._pending: dict[bytes, Pending] = {}
        self._finals: dict[int, Finals] = {}
        self._generation: Any = None
        self._decided = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many events have no final receipt yet."""
        return len(self._pending)

    async def take(self, record: Record) -> None:
        """Hand each event of *record* to its destinations, having waited while too many are on their way."""
        await self.until_pending_below(EVENTS_IN_HAND)
        finals = await self._finals_of(record)
        envelope = Envelope(record)
        routed: dict[tuple[str, str], list[Parcel]] = defaultdict(list)
        skipped: dict[str, list[Parcel]] = defaultdict(list)
        for number, enriched in enumerate(await self._events(record)):
            try:
                for name, parcel, reason in self._parcels(enriched, envelope, finals):
                    if reason is None:
                        routed[enriched["event"]["shop_id"], name].append(parcel)
                    else:
                        skipped[reason].append(parcel)
            except (KeyError, TypeError, ValueError, AttributeError) as exc:  # a bug of ours stops this event alone
                one = alone(self._codec, enriched)
                await self._reject(record, rejection(record, one, "rule_failed", type(exc).__name__, part=str(number)))
        PENDING.set(len(self._pending))
        for (shop_id, name), parcels in routed.items():
            self._links.offer(shop_id, name, parcels)
        for reason, parcels in skipped.items():
            await self.settle(parcels, Outcome("skipped", reason))
        self._done_with(envelope)

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
            self._finals[pending.receipt["source_partition"]].add(pending.key)
            del self._pending[pending.key]
            for envelope in pending.envelopes:
                self._done_with(envelope)
        PENDING.set(len(self._pending))
        self._decided.set()

    async def until_pending_below(self, count: int) -> None:
        """Wait until fewer than *count* events are on their way."""
        while len(self._pending) >= count:
            self._decided.clear()
            await self._decided.wait()

    def _parcels(self, enriched: EnrichedEvent, envelope: Envelope, finals: Finals) -> Iterator[Routed]:
        """Prepare *enriched* for each destination that has not decided it yet."""
        event = enriched["event"]
        shop = self._shops.get(event["shop_id"])
        for destination in shop["destinations"] if shop else ():
            key = key_of(event, destination)
            if key in finals:
                continue
            if pending := self._pending.get(key):  # said twice: one receipt will do for both
                pending.envelopes.append(envelope)
                envelope.undecided += 1
                continue
            decision = decide(enriched, shop, destination, time.time()) if shop else None
            if decision is None:
                continue
            pending = Pending(key, begun(event, destination, decision, envelope.record), [envelope])
            parcel = Parcel(decision.body or b"", decision.event_time, pending)
            self._pending[key] = pending
            envelope.undecided += 1
            yield Routed(destination["name"], parcel, decision.skipped)

    async def _events(self, record: Record) -> list[EnrichedEvent]:
        try:
            return events_of(self._codec, record)
        except TerminalError as exc:
            await self._reject(record, rejection(record, record.value or b"", exc.reason, exc.detail))
            return []

    async def _reject(self, record: Record, rejected: Rejected) -> None:
        value = self._codec.encode("Rejected", rejected)
        await self._outbox.emit(RECORDS_REJECTED.name, record.partition, [Output(record.key, value)])
        log.warning("record rejected", topic=record.topic, reason=rejected["reason"], offset=record.offset)

    async def _finals_of(self, record: Record) -> Finals:
        """Read the receipts anew whenever partitions were dealt out anew: others may have written some since."""
        generation = record.event.message.generation_id
        if generation != self._generation:
            await asyncio.wait_for(self.until_pending_below(1), GENERATION_SECONDS)
            self._finals, self._generation = {}, generation
        if record.partition not in self._finals:
            self._finals[record.partition] = await self._links.finals(record)
        return self._finals[record.partition]

    def _done_with(self, envelope: Envelope) -> None:
        envelope.undecided -= 1
        if not envelope.undecided:
            self._links.ack(envelope.record)
