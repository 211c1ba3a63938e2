"""From an event to what its destinations are to get of it: a parcel, a reason to skip it, or a hold."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from connectors.meta.mapping import NO_BROWSER
from connectors.meta.parcels import Parcel
from schemas.records import Destination, EnrichedEvent, Event, Parked, Shop
from streams.forwarding.asides import Asides
from streams.forwarding.asking import Consents
from streams.forwarding.finals import Finals
from streams.forwarding.ground import Known
from streams.forwarding.holds import Held, has_told, held_record, visitor_of, with_consent
from streams.forwarding.pendings import Pendings, Route
from streams.forwarding.receipts import Envelope, Pending, begun, key_of
from streams.rules.conversions import Decision, decide


class Routed(NamedTuple):
    """An event ready for a destination, or to be skipped for a reason."""

    route: Route
    parcel: Parcel
    skipped: str | None


class Preparer:
    """Begins the receipts of events, and takes charge of them, pending or held. Waits for nothing."""

    def __init__(self, known: Known, pendings: Pendings, consents: Consents, asides: Asides) -> None:
        """Take what decides where an event goes. *finals*: what has its receipt, by partition."""
        self._shops, self._missing = known
        self._pendings, self._asides = pendings, asides
        self._holds, self._questions, self._tellings = consents
        self.finals: dict[int, Finals] = {}

    def parcels(self, enriched: EnrichedEvent, envelope: Envelope) -> Iterator[Routed]:
        """Prepare *enriched* for each destination that has not decided it yet."""
        event = enriched["event"]
        shop = self._shops.get(event["shop_id"])
        for destination in shop["destinations"] if shop else ():
            key, route = key_of(event, destination), (event["shop_id"], destination["name"])
            if shop is None or not self._is_for(route, key, envelope):
                continue
            if pending := self._pendings.get(route, key):  # said twice: one receipt will do for both
                self._hold(pending, envelope)
                continue
            if (prepared := self._prepared(enriched, shop, destination, envelope)) is not None:
                yield prepared

    def told(self, event: Event) -> Iterator[Routed]:
        """Let go of what waits for the consent that *event* tells of."""
        consent, visitor = event["consent"], visitor_of(event)
        if consent is None or not has_told(consent):
            return
        if (shop := self._shops.get(event["shop_id"])) and shop["require_consent"]:
            self._tellings.note(event)
        for held, parked in self._holds.told(visitor, consent):
            yield from self.released(held, parked)
        self._questions.told(visitor, consent)

    def _is_for(self, route: Route, key: bytes, envelope: Envelope) -> bool:
        """Tell whether *route* is to get the event of receipt *key* by this reading of it, and has not yet."""
        partition, finals = envelope.record.partition, self.finals.get(envelope.record.partition, ())
        if key in self._holds:
            return False
        if envelope.lane is None:
            return key not in finals and not self._asides.goes_aside(partition, route)
        if envelope.lane.route != route or not envelope.lane.wants(key):
            return False
        return envelope.lane.is_replay or key not in finals

    def _prepared(
        self, enriched: EnrichedEvent, shop: Shop, destination: Destination, envelope: Envelope
    ) -> Routed | None:
        """Begin the receipt of *enriched*; None when there will be none, or when it waits for consent."""
        decision = decide(enriched, shop, destination, time.time(), self._missing)
        if decision is None:
            return None
        key, record = key_of(enriched["event"], destination), envelope.record
        if decision.skipped == "consent_not_told":
            if consent := self._tellings.of(visitor_of(enriched["event"])):
                return self._prepared(with_consent(enriched, consent), shop, destination, envelope)
            parked = held_record(enriched, destination["name"], record.offset, int(time.time() * 1000))
            is_replay = envelope.lane is not None and envelope.lane.is_replay
            somebody = not enriched["event"]["client_id"].startswith(NO_BROWSER)  # who may tell of it yet
            if somebody and not is_replay and self._holds.hold(key, record.partition, parked):
                self._questions.ask(record.partition, parked)
                return None
        receipt = begun(enriched["event"], destination, decision, (record.partition, record.offset))
        pending = Pending(key, receipt)
        self._pendings.add(pending)
        self._hold(pending, envelope)
        return Routed(pending.route, _parcel(decision, pending), decision.skipped)

    def released(self, held: Held, parked: Parked) -> Iterator[Routed]:
        """Begin the receipt of what was held; there will be none when its destination is gone."""
        shop, enriched = self._shops.get(parked["shop_id"]), parked["event"]
        destinations = shop["destinations"] if shop else []
        destination = next((each for each in destinations if each["name"] == parked["destination"]), None)
        if enriched is None or shop is None or destination is None:
            self._holds.settled(held.key)
            return
        decided = decide(enriched, shop, destination, time.time(), self._missing)
        if decided is None:
            self._holds.settled(held.key)
            return
        receipt = begun(enriched["event"], destination, decided, (held.partition, parked["offset"]))
        pending = Pending(held.key, receipt, held=True)
        self._pendings.add(pending)
        yield Routed(pending.route, _parcel(decided, pending), decided.skipped)

    def _hold(self, pending: Pending, envelope: Envelope) -> None:
        self._pendings.hold(pending, envelope)
        if envelope.lane is not None:
            envelope.lane.in_hand += 1


def _parcel(decision: Decision, pending: Pending) -> Parcel:
    in_store = decision.action_source == "physical_store"
    return Parcel(decision.body or b"", decision.event_time, pending, in_store=in_store)
