"""Events that wait because nobody has told whether their visitor allows marketing; a later event may tell.

They are kept on `conversions.parked` and here, as bytes: so many, and so long. One that is told of leaves under the
same event id; one that waits in vain, or finds no room, is skipped as `consent_not_told`.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.codec import Codec
from schemas.records import Consent, EnrichedEvent, EpochMillis, Event, Parked
from schemas.settings import ForwardSettings
from streams.forwarding.parking import HELD, Parking

Visitor = tuple[str, str]
"""A shop and one of its visitors."""

CONSENT_CAME: Final = "consent_came_later"
"""The reason on the receipt of an event that was accepted after it had been held."""


@dataclass(slots=True, eq=False)
class Held:
    """One event at one destination. *key* is its receipt's; *value* is the record on `conversions.parked`."""

    key: bytes
    partition: int
    visitor: Visitor
    held_at: EpochMillis
    value: bytes


class Holds:
    """What waits for consent, and what was let go and has not its receipt yet."""

    def __init__(self, codec: Codec, parking: Parking, limits: ForwardSettings) -> None:
        """Take how much may wait, and how long."""
        self._codec, self._parking = codec, parking
        self._room, self._longest_ms = limits.held_events, round(limits.consent_hold_seconds * 1000)
        self._by_key: dict[bytes, Held] = {}
        self._by_visitor: dict[Visitor, dict[bytes, Held]] = {}
        self._settled: list[Held] = []
        self._unwritten: list[Held] = []

    def __contains__(self, key: bytes) -> bool:
        return key in self._by_key

    def __len__(self) -> int:
        return len(self._by_key)

    def hold(self, key: bytes, partition: int, parked: Parked) -> bool:
        """Hold the event of *parked* in *partition*; False when there is no room, or holding is off."""
        if len(self._by_key) >= self._room or not self._longest_ms:
            return False
        self._unwritten.append(self._add(key, partition, parked))
        return True

    def has(self, parked: Parked) -> bool:
        """Tell whether the event of *parked* is here, waiting or let go."""
        return _key(parked) in self._by_key

    def standing(self, partition: int, parked: Parked) -> Held:
        """Take what an earlier process held, told of or not."""
        return self._add(_key(parked), partition, parked)

    def heard(self, parked: Parked) -> Held | None:
        """Let go of what waits here for the consent that *parked* has; None when nothing waits."""
        held = self._by_key.get(_key(parked))
        if held is None or not self.waits(held.key):
            return None
        held.value = self._codec.encode("Parked", parked)
        self.let_go(held)
        return held

    def waits(self, key: bytes) -> bool:
        """Tell whether the event of receipt *key* waits for consent."""
        held = self._by_key.get(key)
        return held is not None and key in self._by_visitor.get(held.visitor, {})

    def due(self, standing: Sequence[Held], now_ms: EpochMillis) -> dict[bytes, EpochMillis]:
        """Say which of *standing* may have their receipts already, and since when."""
        told = {each.key: self.parked(each)["since"] for each in standing if has_told(self.consent(each))}
        late = {each.key: ends for each in standing if (ends := each.held_at + self._longest_ms) <= now_ms}
        return late | told

    def consent(self, held: Held) -> Consent | None:
        """Tell what *held* has been told of."""
        event = self.parked(held)["event"]
        return event["event"]["consent"] if event else None

    def told(self, visitor: Visitor, consent: Consent) -> Iterator[tuple[Held, Parked]]:
        """Let go of what *visitor* has now told of; each comes with its *consent*, and is to be written again."""
        for held in list(self._by_visitor.pop(visitor, {}).values()):
            parked = self.parked(held)
            if parked["event"] is None:
                continue
            parked = {**parked, "event": with_consent(parked["event"], consent), "since": int(time.time() * 1000)}
            held.value = self._codec.encode("Parked", parked)
            self._unwritten.append(held)
            yield held, parked

    def expired(self, now_ms: EpochMillis) -> list[Held]:
        """Let go of what has waited too long at *now_ms*."""
        late = []
        for held in self._by_key.values():  # in the order they came
            if now_ms - held.held_at < self._longest_ms:
                break
            if self.waits(held.key):
                late.append(held)
        for held in late:
            self.let_go(held)
        return late

    def let_go(self, held: Held) -> None:
        """Wait no longer for the consent of *held*."""
        of_visitor = self._by_visitor.get(held.visitor, {})
        of_visitor.pop(held.key, None)
        if not of_visitor:
            self._by_visitor.pop(held.visitor, None)

    def parked(self, held: Held) -> Parked:
        """Decode *held*."""
        parked: Parked = self._codec.decode(held.value)
        return parked

    def settled(self, key: bytes) -> None:
        """Note that the event of receipt *key* has its receipt."""
        if held := self._by_key.get(key):
            self._settled.append(held)

    async def write(self) -> None:
        """Write what was held or told of, before the record it came with is acknowledged."""
        unwritten, self._unwritten = self._unwritten, []
        await self._parking.write_all((held.partition, self.parked(held)) for held in unwritten)

    async def forget_settled(self) -> None:
        """Take what has its receipt off `conversions.parked`, once the receipts are safe."""
        settled, self._settled = self._settled, []
        if settled:
            await self._parking.settled()
        for held in settled:
            await self._parking.forget(held.partition, self.parked(held))
            self._by_key.pop(held.key, None)

    def clear(self) -> None:
        """Forget everything: the partitions may be another's now."""
        self._by_key.clear()
        self._by_visitor.clear()
        self._settled.clear()
        self._unwritten.clear()

    def _add(self, key: bytes, partition: int, parked: Parked) -> Held:
        event = parked["event"]["event"] if parked["event"] else None
        visitor = (parked["shop_id"], event["visitor_id"] if event else "")
        held = Held(key, partition, visitor, parked["parked_at"], self._codec.encode("Parked", parked))
        self._by_key[key] = held
        self._by_visitor.setdefault(visitor, {})[key] = held
        return held


def visitor_of(event: Event) -> Visitor:
    """Name the visitor of *event*."""
    return event["shop_id"], event["visitor_id"]


def with_consent(enriched: EnrichedEvent, consent: Consent) -> EnrichedEvent:
    """Let *enriched* tell *consent*."""
    return {**enriched, "event": {**enriched["event"], "consent": consent}}


def _key(parked: Parked) -> bytes:
    event_id = parked["event"]["event"]["event_id"] if parked["event"] else ""
    return f"{parked['shop_id']}|{event_id}|{parked['destination']}".encode()


def held_record(enriched: EnrichedEvent, destination: str, offset: int, now_ms: EpochMillis) -> Parked:
    """Describe *enriched*, of the record at *offset*, as held for *destination* since *now_ms*."""
    return Parked(
        kind=HELD,
        shop_id=enriched["event"]["shop_id"],
        destination=destination,
        offset=offset,
        until=None,
        since=now_ms,
        parked_at=now_ms,
        generation=0,
        reasons=[],
        event=enriched,
        waits_in=None,
    )


def has_told(consent: Consent | None) -> bool:
    """Tell whether *consent* says yes or no to marketing."""
    return consent is not None and consent["marketing"] is not None
