"""What one Kafka record means to ClickHouse: a decoded value goes in, rows by table come out. No I/O here."""

from collections.abc import Callable
from typing import Any, Final

from connectors.clickhouse.rows import catalogs, events, identities, orders, products, receipts, rejections, sessions
from connectors.clickhouse.rows.values import Row
from schemas.records import EnrichedEnvelope, ProductChange
from schemas.topics import (
    ALERTS_RAISED,
    CATALOGS_SYNCED,
    CONVERSIONS_DELIVERED,
    EVENTS_ENRICHED,
    IDENTITIES_LINKED,
    PRODUCTS_CHANGED,
    PRODUCTS_SYNCED,
    RECORDS_REJECTED,
)

Rows = dict[str, list[Row]]
"""Rows by table, in the order in which the tables are to be written."""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    # Who is who goes before what they did: no reader sees an event whose person is not there yet.
    "identity_overrides": identities.OVERRIDE_COLUMNS,
    "identity_log": identities.LOG_COLUMNS,
    "merged_sessions": sessions.MERGED_COLUMNS,
    "events": events.COLUMNS,
    "sessions": sessions.COLUMNS,
    "orders": orders.COLUMNS,
    "products": products.PRODUCT_COLUMNS,
    "inventory_levels": products.INVENTORY_COLUMNS,
    "conversions": receipts.COLUMNS,
    "product_syncs": catalogs.SYNC_COLUMNS,
    "sync_jobs": catalogs.JOB_COLUMNS,
    "alerts": catalogs.ALERT_COLUMNS,
    "rejected": rejections.COLUMNS,
}


def rows_of(topic: str, value: Any, partition: int, offset: int) -> Rows:
    """Write the record *value* of *topic*, as `schemas.topics` names it, as rows.

    Raises:
        KeyError: the archive does not keep that topic, or the value is of another.
    """
    return _WRITERS[topic](value, partition, offset)


def _enriched(value: EnrichedEnvelope, partition: int, offset: int) -> Rows:
    return {
        "identity_overrides": [identities.override_row(each) for each in value["timelines"]],
        "merged_sessions": [row for each in value["sessions"] for row in sessions.merged_rows(each)],
        "events": [events.event_row(each, partition, offset) for each in value["events"]],
        "sessions": [sessions.session_row(each) for each in value["sessions"]],
        "orders": [orders.order_row(each) for each in value["orders"]],
    }


def _changed(value: ProductChange, partition: int, offset: int) -> Rows:
    if value["inventory"] is not None:
        return {"inventory_levels": [products.inventory_row(value, value["inventory"])]}
    return {"products": products.product_rows(value)}


_WRITERS: Final[dict[str, Callable[[Any, int, int], Rows]]] = {
    EVENTS_ENRICHED.name: _enriched,
    IDENTITIES_LINKED.name: lambda value, *_: {"identity_log": [identities.link_row(value)]},
    PRODUCTS_CHANGED.name: _changed,
    CONVERSIONS_DELIVERED.name: lambda value, *_: {"conversions": [receipts.receipt_row(value)]},
    PRODUCTS_SYNCED.name: lambda value, _, offset: {"product_syncs": [catalogs.sync_row(value, offset)]},
    CATALOGS_SYNCED.name: lambda value, _, offset: {"sync_jobs": [catalogs.job_row(value, offset)]},
    ALERTS_RAISED.name: lambda value, _, offset: {"alerts": [catalogs.alert_row(value, offset)]},
    RECORDS_REJECTED.name: lambda value, *_: {"rejected": [rejections.rejection_row(value)]},
}

TOPICS: Final = tuple(_WRITERS)
"""Names of the topics that have rows."""
