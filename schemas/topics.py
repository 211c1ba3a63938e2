"""Every topic, declared once: who writes it, who reads it, what is in it, how long it stays.

`storestream topics plan|apply|describe` compares these with the cluster.
"""

from datetime import timedelta
from typing import Final, NamedTuple


class Topic(NamedTuple):
    """One topic. *partitions* None means the number all streams share (`STORESTREAM_PARTITIONS`)."""

    name: str
    key: str
    value: str
    """Name of the record in `schemas.records`."""
    writer: str
    readers: tuple[str, ...]
    partitions: int | None = None
    retention: timedelta | None = timedelta(days=7)
    """None: kept for ever (compacted topics)."""
    compacted: bool = False

    def config(self) -> dict[str, str]:
        """Say it in Kafka's words: https://kafka.apache.org/documentation/#topicconfigs."""
        policy = "compact" if self.compacted else "delete"
        config = {"cleanup.policy": policy, "max.message.bytes": str(MAX_RECORD_BYTES)}
        config["retention.ms"] = "-1" if self.retention is None else str(int(self.retention.total_seconds() * 1000))
        return config


MAX_RECORD_BYTES: Final = 2 * 1024 * 1024

EVENTS_RECEIVED: Final = Topic(
    "events.received",
    "none: the partition is chosen by shop and visitor",
    "EventEnvelope",
    "ingest",
    ("stitch",),
)
ORDERS_RECEIVED: Final = Topic(
    "orders.received",
    "none: the partition is chosen by shop and order",
    "OrderEnvelope",
    "ingest",
    ("stitch",),
)
PRODUCTS_CHANGED: Final = Topic(
    "products.changed",
    "shop|product",
    "ProductChange",
    "ingest; catalog, where an older state stands behind a newer one",
    ("stitch", "archive", "catalog"),
    retention=None,
    compacted=True,
)
IDENTITIES_LINKED: Final = Topic(
    "identities.linked",
    "shop|identifier",
    "Link",
    "stitch",
    ("stitch", "archive"),
    retention=timedelta(days=400),
)
EVENTS_ENRICHED: Final = Topic(
    "events.enriched",
    "none: the partition of the source",
    "EnrichedEnvelope",
    "stitch",
    ("forward", "archive"),
    retention=timedelta(days=14),
)
CONVERSIONS_DELIVERED: Final = Topic(
    "conversions.delivered",
    "shop|event|destination",
    "Receipt",
    "forward",
    ("forward", "archive"),
    retention=timedelta(days=90),
)
CONVERSIONS_PARKED: Final = Topic(
    "conversions.parked",
    "shop|destination, and what waits for it",
    "Parked",
    "forward; the command `storestream conversions replay`",
    ("forward",),
    retention=None,
    compacted=True,
)
PRODUCTS_SYNCED: Final = Topic(
    "products.synced",
    "shop|catalog|item, in the partition of shop|catalog",
    "ProductReceipt",
    "catalog",
    ("catalog", "forward", "archive"),
    retention=None,
    compacted=True,
)
CATALOGS_REQUESTED: Final = Topic(
    "catalogs.requested",
    "shop|catalog",
    "SyncRequest",
    "a person, through command or api",
    ("catalog",),
)
CATALOGS_SYNCED: Final = Topic(
    "catalogs.synced",
    "shop|catalog|kind",
    "SyncJob",
    "catalog",
    ("catalog", "archive"),
    retention=None,
    compacted=True,
)
ALERTS_RAISED: Final = Topic(
    "alerts.raised",
    "shop|subject",
    "Alert",
    "catalog",
    ("archive",),
    retention=timedelta(days=90),
)
SHOPS_CONFIGURED: Final = Topic(
    "shops.configured",
    "shop",
    "Shop",
    "the command `storestream shops apply`",
    ("ingest", "stitch", "forward", "catalog", "api"),
    1,
    None,
    compacted=True,
)
RECORDS_REJECTED: Final = Topic(
    "records.rejected",
    "the key of the record refused",
    "Rejected",
    "every process",
    ("archive",),
    retention=timedelta(days=14),
)

TOPICS: Final = (
    EVENTS_RECEIVED,
    ORDERS_RECEIVED,
    PRODUCTS_CHANGED,
    IDENTITIES_LINKED,
    EVENTS_ENRICHED,
    CONVERSIONS_DELIVERED,
    CONVERSIONS_PARKED,
    PRODUCTS_SYNCED,
    CATALOGS_REQUESTED,
    CATALOGS_SYNCED,
    ALERTS_RAISED,
    SHOPS_CONFIGURED,
    RECORDS_REJECTED,
)
