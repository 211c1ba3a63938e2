"""A Kafka record becomes rows, or a rejection that says why it has none."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from connectors.clickhouse.rows import Rows, rows_of
from connectors.clickhouse.rows.sessions import merged_rows
from connectors.clickhouse.sink import Refused, Rowed
from schemas.codec import Codec
from schemas.errors import Reason, TerminalError
from schemas.identifiers import rejection_id
from schemas.records import Rejected
from schemas.topics import EVENTS_ENRICHED, RECORDS_REJECTED, TOPICS
from streams.records import Record

CONTENT_TYPE = "application/vnd.confluent.avro"

_VALUES = {topic.name: topic.value for topic in TOPICS}

_ENVELOPE_FIELDS = {
    "events": "events",
    "sessions": "sessions",
    "merged_sessions": "sessions",
    "orders": "orders",
    "identity_overrides": "timelines",
}
"""Which array of an EnrichedEnvelope the rows of a table come from."""


class Read(NamedTuple):
    """A record's rows, and its rejection if it could not be read."""

    rowed: Rowed
    rejected: Rejected | None = None


def read(codec: Codec, record: Record) -> Read:
    """Decode *record* and write it as rows. Never raises because of what is in the record."""
    at = int(record.timestamp * 1000)
    try:
        return Read(Rowed(record.offset, at, _rows(codec, record)))
    except TerminalError as exc:
        rejected = _rejected(record, exc.reason, exc.field, exc.detail)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        # It decodes, but as another record than its topic's.
        rejected = _rejected(record, "rule_failed", "value", type(exc).__name__)
    if record.topic == RECORDS_REJECTED.name:
        # Sent back to its topic it would come again for ever; so it is its own rejection.
        return Read(Rowed(record.offset, at, rows_of(record.topic, rejected, record.partition, record.offset)))
    return Read(Rowed(record.offset, at, {}), rejected)


def refused(codec: Codec, record: Record, row: Refused) -> Rejected:
    """Reject the one *row* of *record* that ClickHouse refused, with the bytes of what it came from."""
    rejected = _rejected(record, "refused_by_clickhouse", row.table, row.detail, str(row.nth))
    told = codec.decode(record.value)
    if record.topic == EVENTS_ENRICHED.name:
        field = _ENVELOPE_FIELDS[row.table]
        nth = _member_of(row, told[field])
        alone = {name: members[nth : nth + 1] if name == field else [] for name, members in told.items()}
        rejected["payload"] = codec.encode("EnrichedEnvelope", alone)
        told = alone[field][0]
    rejected["shop_id"] = told.get("shop_id") or told["event"]["shop_id"]
    return rejected


def _member_of(row: Refused, members: Sequence[Any]) -> int:
    """Find which of an envelope's *members* a row is of: not every session has one of `merged_sessions`."""
    if row.table != "merged_sessions":
        return row.nth
    return [number for number, each in enumerate(members) for _ in merged_rows(each)][row.nth]


def _rows(codec: Codec, record: Record) -> Rows:
    if record.value is None:  # a tombstone of a compacted topic: the history stays
        return {}
    told = codec.decode_as(_VALUES[record.topic], record.value)
    return rows_of(record.topic, told, record.partition, record.offset)


def _rejected(record: Record, reason: Reason, field: str, detail: str, part: str = "") -> Rejected:
    return Rejected(
        rejection_id=rejection_id(record.topic, str(record.partition), str(record.offset), "archive", field, part),
        shop_id="",
        stage="archive",
        reason=reason,
        field=field or None,
        detail=detail or None,
        payload=record.value or b"",
        content_type=CONTENT_TYPE,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        received_at=int(record.timestamp * 1000),
    )
