"""Rejected records become rows of `rejected`, their bytes untouched."""

import json
from typing import Final

from orjson import Fragment

from connectors.clickhouse.rows.values import NIL, Row
from schemas.records import Rejected

COLUMNS: Final = (
    *("shop_id", "rejection_id", "stage", "reason", "field", "detail", "payload", "content_type"),
    *("topic", "kafka_partition", "kafka_offset", "received_at"),
)


def rejection_row(rejected: Rejected) -> Row:
    """Write one rejection in the order of `COLUMNS`."""
    return [
        rejected["shop_id"],
        rejected["rejection_id"] or NIL,
        rejected["stage"],
        rejected["reason"],
        rejected["field"] or "",
        rejected["detail"] or "",
        as_they_are(rejected["payload"]),
        rejected["content_type"] or "",
        rejected["topic"] or "",
        rejected["partition"],
        rejected["offset"],
        rejected["received_at"] / 1000,
    ]


def as_they_are(payload: bytes) -> Fragment:
    """Quote bytes of any encoding as a JSON string: ClickHouse does not ask that it be UTF-8."""
    quoted = json.dumps(payload.decode("utf-8", "surrogateescape"), ensure_ascii=False)
    return Fragment(quoted.encode("utf-8", "surrogateescape"))
