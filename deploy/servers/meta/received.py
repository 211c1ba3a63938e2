"""
The events that were taken, oldest first, and which of them are copies.

Meta discards an event whose name and id it has seen on the same pixel within 48 hours of the first, and does not say so
(https://developers.facebook.com/documentation/ads-commerce/conversions-api/deduplicate-pixel-and-server-events);
here each record says it.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import orjson

DEDUPLICATED_SECONDS: Final = 48 * 3600
DEFAULT_MAX_EVENTS: Final = 1_000_000
_RESTORED_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One event that was taken. `event` is its JSON, `received_at` Unix seconds."""

    sequence: int
    received_at: float
    pixel_id: str
    event_name: str
    event_id: str | None
    duplicate: bool
    test_event_code: str | None
    fbtrace_id: str
    warnings: tuple[str, ...]
    event: bytes

    def to_json(self) -> bytes:
        """Write the record as one line."""
        shown: dict[str, object] = {name: getattr(self, name) for name in _SHOWN}
        shown["event"] = orjson.Fragment(self.event)
        return orjson.dumps(shown)

    @classmethod
    def from_json(cls, line: bytes) -> "Record":
        """Read what `to_json` wrote."""
        shown = orjson.loads(line)
        shown["event"] = orjson.dumps(shown["event"])
        shown["warnings"] = tuple(shown["warnings"])
        return cls(**shown)


_SHOWN: Final = tuple(name for name in Record.__slots__ if name != "event")


@dataclass(frozen=True)
class Delivery:
    """One accepted request: its events as sent, and what is odd about each."""

    received_at: float
    pixel_id: str
    fbtrace_id: str
    test_event_code: str | None
    events: Sequence[dict[str, object]]
    warnings: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Wanted:
    """A filter over records; `None` matches everything."""

    event_name: str | None = None
    pixel_id: str | None = None
    event_id: str | None = None
    duplicate: bool | None = None
    since: float | None = None

    def matches(self, record: Record) -> bool:
        """Tell whether *record* is wanted."""
        return (
            self.event_id in (None, record.event_id)
            and self.event_name in (None, record.event_name)
            and self.pixel_id in (None, record.pixel_id)
            and self.duplicate in (None, record.duplicate)
            and (self.since is None or record.received_at >= self.since)
        )


@dataclass
class Received:
    """At most *max_events* records in memory; the oldest go first and are counted."""

    max_events: int = DEFAULT_MAX_EVENTS
    dropped: int = 0
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    duplicates: Counter[tuple[str, str]] = field(default_factory=Counter)
    _records: list[Record] = field(default_factory=list)
    _first_seen: OrderedDict[tuple[str, str, str], float] = field(default_factory=OrderedDict)
    _last_sequence: int = 0

    def take(self, delivery: Delivery) -> list[Record]:
        """Keep the events of *delivery*."""
        self._forget(delivery.received_at)
        pairs = zip(delivery.events, delivery.warnings, strict=True)
        records = [self._record(delivery, event, warnings) for event, warnings in pairs]
        self._keep(records)
        return records

    def restore(self, records: Iterable[Record]) -> None:
        """Keep records written by an earlier process."""
        source = iter(records)
        while chunk := list(islice(source, _RESTORED_AT_ONCE)):
            for record in chunk:
                if not record.duplicate:
                    self._is_copy(record.pixel_id, record.event_name, record.event_id, record.received_at)
            self._last_sequence = chunk[-1].sequence
            self._keep(chunk)
            self._forget(chunk[-1].received_at)

    def clear(self) -> None:
        """Forget everything, the identities of events too. Sequences go on."""
        for kept in (self._records, self._first_seen, self.accepted, self.duplicates):
            kept.clear()
        self.dropped = 0

    def page(self, wanted: Wanted, *, after: int, limit: int) -> tuple[int, list[Record]]:
        """
        Find the records that match.

        Returns: how many match in all, and the first *limit* of those with a sequence over *after*.
        """
        matching = [record for record in self._records if wanted.matches(record)]
        return len(matching), [record for record in matching if record.sequence > after][:limit]

    def __len__(self) -> int:
        return len(self._records)

    def _record(self, delivery: Delivery, event: dict[str, object], warnings: tuple[str, ...]) -> Record:
        name, event_id = str(event["event_name"]), event.get("event_id") or None
        identity = None if event_id is None else str(event_id)
        self._last_sequence += 1
        return Record(
            sequence=self._last_sequence,
            received_at=delivery.received_at,
            pixel_id=delivery.pixel_id,
            event_name=name,
            event_id=identity,
            duplicate=self._is_copy(delivery.pixel_id, name, identity, delivery.received_at),
            test_event_code=delivery.test_event_code,
            fbtrace_id=delivery.fbtrace_id,
            warnings=warnings,
            event=_compact(orjson.dumps(event)),
        )

    def _is_copy(self, pixel_id: str, name: str, event_id: str | None, at: float) -> bool:
        if event_id is None:
            return False
        key = (pixel_id, name, event_id)
        if at - self._first_seen.get(key, float("-inf")) < DEDUPLICATED_SECONDS:
            return True
        self._first_seen[key] = at
        self._first_seen.move_to_end(key)
        return False

    def _keep(self, records: list[Record]) -> None:
        for record in records:
            counter = self.duplicates if record.duplicate else self.accepted
            counter[record.pixel_id, record.event_name] += 1
        self._records += records
        excess = len(self._records) - self.max_events
        if excess > 0:
            del self._records[:excess]
            self.dropped += excess

    def _forget(self, now: float) -> None:
        """Drop identities that are over 48 hours old, or more than are kept of records."""
        while self._first_seen:
            key, seen_at = next(iter(self._first_seen.items()))
            if now - seen_at < DEDUPLICATED_SECONDS and len(self._first_seen) <= self.max_events:
                return
            del self._first_seen[key]


def _compact(text: bytes) -> bytes:
    """Copy *text*: orjson's own result holds on to a buffer of several times its length."""
    return bytes(memoryview(text))
