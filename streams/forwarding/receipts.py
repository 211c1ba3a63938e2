"""The receipt of one event at one destination: begun when the event comes, completed when its fate is decided; pure."""

import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from connectors.meta.parcels import Outcome
from schemas.records import Destination, EpochMillis, Event, Receipt
from streams.records import Record
from streams.rules.conversions import Decision


@dataclass(slots=True, eq=False)
class Envelope:
    """A record whose events are on their way; *undecided* counts those without a final receipt.

    *lane*: who read it aside; None for the worker's own reading, which acknowledges it.
    """

    record: Record
    lane: Any = None
    undecided: int = 1  # the taking of the record itself


@dataclass(slots=True, eq=False)
class Pending:
    """One event at one destination, without its final receipt. *envelopes* are those that wait for it."""

    key: bytes
    receipt: Receipt
    envelopes: list[Envelope] = field(default_factory=list)
    held: bool = False  # it waited for consent, and has a record of its own on conversions.parked
    taken_at: float = field(default_factory=time.monotonic)

    @property
    def route(self) -> tuple[str, str]:
        """Its shop and destination."""
        return self.receipt["shop_id"], self.receipt["destination"]

    @property
    def holds_back(self) -> bool:
        """Whether a record of the worker's own reading waits for it."""
        return any(each.lane is None for each in self.envelopes)


def key_of(event: Event, destination: Destination) -> bytes:
    """Name the receipt: one key, one final receipt."""
    return f"{event['shop_id']}|{event['event_id']}|{destination['name']}".encode()


def begun(event: Event, destination: Destination, decision: Decision, place: tuple[int, int]) -> Receipt:
    """Say of a receipt what is known before anything is sent; *place* is partition and offset on events.enriched."""
    return Receipt(
        shop_id=event["shop_id"],
        event_id=event["event_id"],
        event_name=decision.event_name,
        destination=destination["name"],
        status="",
        reason=None,
        http_status=None,
        code=None,
        subcode=None,
        trace_id=None,
        attempts=0,
        batch_id=None,
        payload_hash=sha256(decision.body).hexdigest() if decision.body else None,
        latency_ms=None,
        occurred_at=event["occurred_at"],
        sent_at=0,
        value=decision.value,
        currency=decision.currency,
        order_id=event["order_id"],
        test=bool(destination["test_event_code"]),
        source_partition=place[0],
        source_offset=place[1],
        action_source=decision.action_source,
    )


def completed(receipt: Receipt, outcome: Outcome, attempts: int, now_ms: EpochMillis) -> Receipt:
    """Say what became of the event."""
    return {
        **receipt,
        "status": outcome.status,
        "reason": outcome.reason,
        "http_status": outcome.http_status,
        "code": outcome.code,
        "subcode": outcome.subcode,
        "trace_id": outcome.trace_id,
        "attempts": attempts,
        "batch_id": outcome.batch_id,
        "latency_ms": outcome.latency_ms,
        "sent_at": now_ms,
    }
