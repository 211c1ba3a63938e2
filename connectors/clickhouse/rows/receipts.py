"""Receipts of conversions become rows of `conversions`."""

from typing import Final

from connectors.clickhouse.rows.values import Row, amount
from schemas.records import Receipt

COLUMNS: Final = (
    *("shop_id", "event_id", "event_name", "destination", "status", "reason"),
    *("http_status", "code", "subcode", "trace_id", "attempts", "batch_id", "payload_hash", "latency_ms"),
    *("occurred_at", "sent_at", "value", "currency", "order_id", "action_source", "test", "version", "is_deleted"),
)

_RANK: Final = {"accepted": 2, "refused": 1}
_RANK_BIT: Final = 48
"""Above every time in milliseconds until the year 10,000."""


def receipt_row(receipt: Receipt) -> Row:
    """Write one receipt in the order of `COLUMNS`.

    What Meta once accepted stays accepted, whatever a later attempt got; of equals the latest counts.
    """
    return [
        receipt["shop_id"],
        receipt["event_id"],
        receipt["event_name"],
        receipt["destination"],
        receipt["status"],
        receipt["reason"] or "",
        receipt["http_status"],
        receipt["code"],
        receipt["subcode"],
        receipt["trace_id"] or "",
        receipt["attempts"],
        receipt["batch_id"] or "",
        receipt["payload_hash"] or "",
        receipt["latency_ms"],
        receipt["occurred_at"] / 1000,
        receipt["sent_at"] / 1000,
        amount(receipt["value"]),
        receipt["currency"] or "",
        receipt["order_id"] or "",
        receipt["action_source"] or "",
        receipt["test"],
        _RANK.get(receipt["status"], 0) << _RANK_BIT | receipt["sent_at"],
        0,
    ]
