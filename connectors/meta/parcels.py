"""Events on their way to a destination, in batches, and what becomes of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

from connectors.meta.validation import age_reason

Status = Literal["accepted", "refused", "skipped"]
MAX_BODY_BYTES: Final = 8 * 1024 * 1024


class Outcome(NamedTuple):
    """What became of an event, for good. *latency_ms* and *batch_id* are of the request that decided it."""

    status: Status
    reason: str | None = None
    http_status: int | None = None
    code: int | None = None
    subcode: int | None = None
    trace_id: str | None = None
    batch_id: str | None = None
    latency_ms: int | None = None


@dataclass(slots=True, eq=False)
class Parcel:
    """One event for one destination. *body* is its JSON, the same at every attempt; *tag* is the sender's own.

    *in_store*: it happened in a shop, and may be older than others.
    """

    body: bytes
    event_time: int
    tag: Any = None
    attempts: int = 0
    in_store: bool = False

    def is_too_old(self, now: float) -> bool:
        """Tell whether Meta would not take it any more at *now*, Unix seconds."""
        return age_reason(self.event_time, now, in_store=self.in_store) == "too_old"


@dataclass(slots=True, eq=False)
class Batch:
    """Parcels that leave in one request. *stubborn*: how often it failed while others were taken."""

    parcels: list[Parcel]
    stubborn: int = 0
    accepted_before: int = 0
    failures: int = 0
    batch_id: str = field(default_factory=lambda: uuid4().hex)

    def halves(self) -> tuple["Batch", "Batch"]:
        """Split it in two; each half has another id, the parcels have the same."""
        return self.parted(len(self.parcels) // 2)

    def parted(self, count: int) -> tuple["Batch", "Batch"]:
        """Split off its first *count*."""
        return Batch(self.parcels[:count]), Batch(self.parcels[count:])


def fitting(parcels: Iterable[Parcel], max_events: int) -> int:
    """Count how many of *parcels*, from the first, fit into one request; at least one."""
    size = count = 0
    for parcel in parcels:
        size += len(parcel.body) + 1
        if count == max_events or (count and size > MAX_BODY_BYTES):
            break
        count += 1
    return count
