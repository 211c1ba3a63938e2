"""Asks after the consent of visitors whose events another partition holds, and answers who asks.

An event waits in the partition it came in; that of a purchase is its order's. What its visitor tells comes in the
visitor's own. So who holds it asks there, on `conversions.parked`, and who reads there answers where it is held.
"""

from collections.abc import Callable
from typing import NamedTuple

import structlog

from schemas.codec import Codec
from schemas.records import Consent, EpochMillis, Event, Parked
from schemas.settings import ForwardSettings
from streams.forwarding.holds import Holds, Visitor, has_told, visitor_of, with_consent
from streams.forwarding.parking import ASKED, HELD, Parking, key_of

Home = Callable[[str, str], int]
"""The partition of a shop's visitor."""

log = structlog.get_logger()


class Tellings:
    """What browsers last told of their consent: so many, the latest heard."""

    def __init__(self, most: int) -> None:
        """Take how many to remember."""
        self._most = most
        self._told: dict[Visitor, tuple[EpochMillis, Consent]] = {}

    def note(self, event: Event) -> None:
        """Remember what *event* tells, unless a later one has told."""
        visitor, consent = visitor_of(event), event["consent"]
        before = self._told.get(visitor)
        if consent is None or not has_told(consent) or (before is not None and before[0] > event["occurred_at"]):
            return
        self._told.pop(visitor, None)
        self._told[visitor] = event["occurred_at"], consent
        if len(self._told) > self._most:
            del self._told[next(iter(self._told))]

    def of(self, visitor: Visitor) -> Consent | None:
        """Tell the consent of *visitor*, as far as it is remembered."""
        told = self._told.get(visitor)
        return told[1] if told is not None else None

    def clear(self) -> None:
        """Forget everything: others may hear more by now."""
        self._told.clear()


class Questions:
    """What is to be asked elsewhere, what others ask here, and the answers."""

    def __init__(self, codec: Codec, parking: Parking, limits: ForwardSettings, home: Home) -> None:
        """Take how many may ask here, for how long, and where visitors are at home."""
        self._codec, self._parking, self._home = codec, parking, home
        self._room, self._longest_ms = limits.held_events, round(limits.consent_hold_seconds * 1000)
        self._asked: dict[Visitor, dict[bytes, tuple[int, bytes]]] = {}
        self._since: dict[bytes, tuple[EpochMillis, Visitor]] = {}
        self._unwritten: list[tuple[int, Parked]] = []
        self._done: list[tuple[int, Parked]] = []

    def __len__(self) -> int:
        return len(self._since)

    def ask(self, partition: int, held: Parked) -> None:
        """Ask where the visitor of *held* is at home, unless that is *partition*."""
        event = held["event"]["event"] if held["event"] else None
        if event is None:
            return
        home = self._home(event["shop_id"], event["visitor_id"])
        if home != partition:
            self._unwritten.append((home, {**held, "kind": ASKED, "waits_in": partition}))

    def take(self, partition: int, asked: Parked) -> Visitor | None:
        """Take a question that came to *partition*; return whom it is about, None when there is no room for it."""
        if len(self) >= self._room or asked["event"] is None:
            log.warning("asked for consent in vain", partition=partition, waiting=len(self))
            self._done.append((partition, asked))
            return None
        key, visitor = key_of(asked), visitor_of(asked["event"]["event"])
        self._since[key] = asked["parked_at"], visitor
        self._asked.setdefault(visitor, {})[key] = partition, self._codec.encode("Parked", asked)
        return visitor

    def told(self, visitor: Visitor, consent: Consent) -> None:
        """Answer those who ask for the *consent* of *visitor*."""
        for key, (partition, value) in self._asked.pop(visitor, {}).items():
            del self._since[key]
            asked: Parked = self._codec.decode(value)
            self._done.append((partition, asked))
            if asked["event"] is not None and asked["waits_in"] is not None:
                given = with_consent(asked["event"], consent)
                self._unwritten.append((asked["waits_in"], {**asked, "kind": HELD, "event": given}))

    async def write(self) -> None:
        """Write questions and answers, before the record they came with is acknowledged."""
        unwritten, self._unwritten = self._unwritten, []
        await self._parking.write_all(unwritten)

    async def forget(self, now_ms: EpochMillis) -> None:
        """Take off what is answered, once the answers are safe, and what was asked too long ago."""
        for key, (since, visitor) in list(self._since.items()):  # about in the order they came
            if now_ms - since < self._longest_ms:
                break
            del self._since[key]
            partition, value = self._asked[visitor].pop(key)
            self._done.append((partition, self._codec.decode(value)))
        done, self._done = self._done, []
        if done:
            await self._parking.settled()
        for partition, parked in done:
            await self._parking.forget(partition, parked)

    def clear(self) -> None:
        """Forget everything: the partitions may be another's now."""
        self._asked.clear()
        self._since.clear()
        self._unwritten.clear()
        self._done.clear()


class Consents(NamedTuple):
    """What is held, who asks whom, and what browsers last told."""

    holds: Holds
    questions: Questions
    tellings: Tellings


def consents(codec: Codec, parking: Parking, limits: ForwardSettings, home: Home) -> Consents:
    """Begin without any."""
    tellings = Tellings(limits.held_events)
    return Consents(Holds(codec, parking, limits), Questions(codec, parking, limits, home), tellings)
