"""What travels on the topics of catalogs at Meta: their settings, items' receipts, runs. As `schemas.records`."""

from typing import TypedDict

EpochMillis = int


class CatalogFilter(TypedDict):
    """Which products a catalog is about; every list that is not empty must be met."""

    collections: list[str]
    tags: list[str]
    types: list[str]
    brands: list[str]
    price_from: float | None
    price_to: float | None


class FieldSource(TypedDict):
    """Where the value of one of Meta's attributes comes from."""

    sources: list[str]
    default: str | None


class Catalog(TypedDict):
    """One of a shop's catalogs at Meta."""

    name: str
    catalog_id: str
    token_env: str
    primary: bool
    method: str
    variants: str
    id_template: str
    include: CatalogFilter | None
    exclude: CatalogFilter | None
    drafts: bool
    archived: bool
    sold_out: bool
    fields: dict[str, FieldSource]
    locations: list[str]
    safety_stock: int
    full_sync_days: int
    feed_token_env: str | None
    feed_hours: int


class ProductReceipt(TypedDict):
    """What became of one catalog item."""

    shop_id: str
    catalog_id: str
    item_id: str
    product_id: str
    status: str
    message: str | None
    suggestion: str | None
    handle: str | None
    job_id: str | None
    changed_at: EpochMillis
    sent_at: EpochMillis | None
    finished_at: EpochMillis | None
    catalog: str
    method: str
    reason: str | None
    warnings: list[str]
    attempts: int
    failures: int
    payload_hash: str | None
    doubtful: bool


class SyncRequest(TypedDict):
    """Somebody wants something of a catalog."""

    request_id: str
    shop_id: str
    catalog: str
    kind: str
    item_ids: list[str]
    requested_at: EpochMillis
    trigger: str


class SyncJob(TypedDict):
    """Where one run over a catalog stands."""

    job_id: str
    shop_id: str
    catalog: str
    catalog_id: str
    kind: str
    trigger: str
    state: str
    started_at: EpochMillis
    updated_at: EpochMillis
    finished_at: EpochMillis | None
    next_at: EpochMillis | None
    total: int
    done: int
    calls: int
    accepted: int
    rejected: int
    deleted: int
    skipped: int
    orphans: int
    repaired: int
    failure: str | None
    detail: str | None
    quota_percent: int | None


class Alert(TypedDict):
    """Something a person should look at."""

    alert_id: str
    shop_id: str
    kind: str
    subject: str
    message: str | None
    count: int
    raised_at: EpochMillis
