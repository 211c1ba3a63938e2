"""Writes records into ClickHouse as the archive would after a few crashes: older versions first, everything twice."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.records import (
    EnrichedEnvelope,
    EnrichedEvent,
    Order,
    ProductChange,
    Receipt,
    Rejected,
    Session,
    Timeline,
)
from schemas.settings import ClickHouseSettings


class Happened(Protocol):
    """What is to be written."""

    events: list[EnrichedEvent]
    sessions: list[Session]
    orders: list[Order]
    timelines: dict[str, Timeline]
    receipts: list[Receipt]
    rejections: list[Rejected]


def fill(clickhouse: ClickHouseSettings, happened: Happened, products: Sequence[ProductChange] = ()) -> None:
    """Write what *happened*, and the catalog's *products*."""
    inserter = Inserter(clickhouse)
    timelines = happened.timelines.values()
    stale = [each | {"customers": ["wrong"] * len(each["starts"]), "version": 1} for each in timelines]
    envelope: Mapping[str, Any] = EnrichedEnvelope(
        events=happened.events, sessions=happened.sessions, orders=happened.orders, timelines=[*timelines, *stale]
    )
    older = {**envelope, "orders": [each | {"value": 0.5, "version": 1} for each in happened.orders]}
    for offset, value in enumerate([older, envelope, envelope]):
        for table, rows in rows_of("events.enriched", value, 0, offset).items():
            inserter.insert(table, rows, f"{offset}")
    for offset in range(2):
        for table, records, topic in (
            ("conversions", happened.receipts, "conversions.delivered"),
            ("rejected", happened.rejections, "records.rejected"),
            ("products", products, "products.changed"),
        ):
            rows = [row for each in records for row in rows_of(topic, each, 0, 0)[table]]
            if rows:
                inserter.insert(table, rows, f"{offset}")
    inserter.close()
