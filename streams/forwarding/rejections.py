"""What forward cannot read goes to `records.rejected` with its bytes; pure."""

from schemas.codec import Codec
from schemas.errors import Reason
from schemas.identifiers import rejection_id
from schemas.records import EnrichedEvent, Rejected
from streams.records import MEANT_FOR, Record

CONTENT_TYPE = "application/vnd.confluent.avro"
_FORWARD = b"forward"


def events_of(codec: Codec, record: Record) -> list[EnrichedEvent]:
    """Decode the events of *record*; none of one that is sent again for another worker: Meta may have had them.

    Raises:
        schemas.errors.TerminalError: `undecodable`, also when it is another record than its topic's.
    """
    if dict(record.headers).get(MEANT_FOR, _FORWARD) != _FORWARD:
        return []
    events: list[EnrichedEvent] = codec.decode_as("EnrichedEnvelope", record.value)["events"]
    return events


def alone(codec: Codec, enriched: EnrichedEvent) -> bytes:
    """Write one event as an envelope of its own, so that it can be replayed."""
    return codec.encode("EnrichedEnvelope", {"events": [enriched], "sessions": [], "orders": [], "timelines": []})


def rejected_event(codec: Codec, record: Record, number: int, enriched: EnrichedEvent, error: Exception) -> Rejected:
    """Describe one event of *record*, the *number*-th, which a rule failed on: a bug of ours."""
    rejected = rejection(record, alone(codec, enriched), "rule_failed", type(error).__name__, part=str(number))
    return {**rejected, "shop_id": enriched["event"]["shop_id"]}


def rejection(record: Record, payload: bytes, reason: Reason, detail: str, *, part: str = "") -> Rejected:
    """Describe the *payload* of *record* that could not be used; *part* tells apart several of one record."""
    return Rejected(
        rejection_id=rejection_id(record.topic, str(record.partition), str(record.offset), "forward", part),
        shop_id="",
        stage="forward",
        reason=reason,
        field=None,
        detail=detail or None,
        payload=payload,
        content_type=CONTENT_TYPE,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        received_at=int(record.timestamp * 1000),
    )
