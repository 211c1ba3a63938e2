"""What travels on the topics, as plain dictionaries that Avro decodes into and encodes from.

One class per file in `schemas/avro`; a test holds both equal, and the meaning of each field stands there.
Times are integers: milliseconds since 1970, UTC. Amounts are floats in major units; sums are made in
ClickHouse's decimals, never here.
"""

from typing import TypedDict

from schemas.catalog_records import Catalog
from schemas.catalog_records import EpochMillis as EpochMillis


class Consent(TypedDict):
    """What the visitor allowed, as Shopify's customerPrivacy tells it; null where it was not told."""

    analytics: bool | None
    marketing: bool | None
    preferences: bool | None
    sale_of_data: bool | None


class Item(TypedDict):
    """One product of an event or an order, as its sender named it."""

    product_id: str | None
    variant_id: str | None
    sku: str | None
    title: str | None
    variant_title: str | None
    vendor: str | None
    category: str | None
    price: float | None
    quantity: int
    currency: str | None
    image_url: str | None


class Event(TypedDict):
    """One thing a shopper did, accepted at the edge. Personal data is hashed; amounts are major units."""

    shop_id: str
    event_id: str
    name: str
    kind: str
    source: str
    seq: int | None
    client_id: str
    visitor_id: str
    occurred_at: EpochMillis
    reported_at: EpochMillis | None
    sent_at: EpochMillis | None
    received_at: EpochMillis
    customer_id: str | None
    checkout_token: str | None
    cart_token: str | None
    order_id: str | None
    url: str | None
    referrer: str | None
    title: str | None
    user_agent: str | None
    client_ip: str | None
    language: str | None
    country: str | None
    fbp: str | None
    fbc: str | None
    utm: dict[str, str]
    click_ids: dict[str, str]
    consent: Consent | None
    user_data: dict[str, str]
    value: float | None
    currency: str | None
    totals: dict[str, float]
    items: list[Item]
    search_query: str | None
    collection_id: str | None
    properties: str | None
    sales_channel: str | None


class EventEnvelope(TypedDict):
    """Events of one partition that ingest gathered in a few milliseconds, in order."""

    events: list[Event]


class OrderReceived(TypedDict):
    """One order webhook: the truth about a purchase. Personal data is hashed; amounts are major units."""

    shop_id: str
    order_id: str
    topic: str
    delivery_id: str
    checkout_token: str | None
    cart_token: str | None
    customer_id: str | None
    occurred_at: EpochMillis
    updated_at: EpochMillis
    received_at: EpochMillis
    status: str
    cancelled_at: EpochMillis | None
    first_order: bool | None
    value: float | None
    currency: str | None
    totals: dict[str, float]
    coupon: str | None
    items: list[Item]
    client_ip: str | None
    user_agent: str | None
    landing_url: str | None
    referrer: str | None
    country: str | None
    user_data: dict[str, str]
    attributes: dict[str, str]
    sales_channel: str | None


class OrderEnvelope(TypedDict):
    """Order webhooks of one partition, in order."""

    orders: list[OrderReceived]


class ProductFacts(TypedDict):
    """What the catalog knew of an item when the event was enriched."""

    known: bool
    product_id: str | None
    variant_id: str | None
    title: str | None
    image_url: str | None
    category: str | None
    brand: str | None
    price: float | None
    currency: str | None
    sku: str | None
    status: str | None
    catalog_version: int | None


class EnrichedEvent(TypedDict):
    """An event with its session, its person as known now, and its products' facts (one per item, same order).

    *retracted*: it takes back what was said of the event before, which was another browser's.
    """

    event: Event
    session_id: str
    person_id: str
    products: list[ProductFacts]
    late: bool
    retracted: bool


class Session(TypedDict):
    """One visit, whole; the row of the greatest version counts."""

    shop_id: str
    session_id: str
    visitor_id: str
    client_id: str
    customer_id: str | None
    started_at: EpochMillis
    ended_at: EpochMillis
    events: int
    page_views: int
    product_views: int
    cart_additions: int
    checkouts: int
    purchases: int
    entry_url: str | None
    referrer: str | None
    utm: dict[str, str]
    click_ids: dict[str, str]
    device: str
    country: str | None
    language: str | None
    version: int
    deleted: bool
    merged_into: str | None


class Timeline(TypedDict):
    """Who one browser's visitor is over time: from starts[i] on it is customers[i] ('' is nobody known).

    The greatest version counts.
    """

    shop_id: str
    visitor_id: str
    client_id: str
    starts: list[EpochMillis]
    customers: list[str]
    version: int


class Order(TypedDict):
    """One purchase as both halves tell it; the row of the greatest version counts."""

    shop_id: str
    order_id: str
    checkout_token: str | None
    cart_token: str | None
    customer_id: str | None
    client_id: str | None
    visitor_id: str | None
    session_id: str | None
    ordered_at: EpochMillis
    updated_at: EpochMillis
    status: str
    match: str
    value: float | None
    currency: str | None
    totals: dict[str, float]
    coupon: str | None
    items: list[Item]
    seen_in_webhook_at: EpochMillis | None
    seen_in_pixel_at: EpochMillis | None
    purchase_event_id: str
    version: int
    sales_channel: str | None


class EnrichedEnvelope(TypedDict):
    """What one envelope became, with the rows it changed."""

    events: list[EnrichedEvent]
    sessions: list[Session]
    orders: list[Order]
    timelines: list[Timeline]


class Link(TypedDict):
    """One piece of evidence that two identifiers belong together, or its reversal."""

    link_id: str
    shop_id: str
    action: str
    identifier_type: str
    identifier: str
    visitor_id: str | None
    client_id: str | None
    checkout_token: str | None
    order_id: str | None
    customer_id: str | None
    session_id: str | None
    reason: str
    event_id: str
    occurred_at: EpochMillis
    received_at: EpochMillis
    event: Event | None


class Variant(TypedDict):
    """One sellable form of a product."""

    variant_id: str
    sku: str | None
    title: str | None
    price: float | None
    compare_at_price: float | None
    barcode: str | None
    image_url: str | None
    inventory_item_id: str | None
    inventory_quantity: int | None
    options: dict[str, str]
    url: str | None
    images: list[str]
    inventory_tracked: bool | None
    available: bool | None
    backorders: bool | None
    metafields: dict[str, str]


class Product(TypedDict):
    """A product as its shop system tells it."""

    title: str | None
    description: str | None
    handle: str | None
    url: str | None
    status: str
    brand: str | None
    category: str | None
    tags: list[str]
    image_url: str | None
    currency: str | None
    variants: list[Variant]
    categories: list[str]
    collections: list[str]
    images: list[str]
    preorder_at: EpochMillis | None
    metafields: dict[str, str]


class Inventory(TypedDict):
    """A stock level at one location."""

    inventory_item_id: str
    location_id: str
    available: int | None


class ProductChange(TypedDict):
    """One change of one product or stock level."""

    shop_id: str
    product_id: str
    action: str
    source: str
    delivery_id: str
    occurred_at: EpochMillis
    received_at: EpochMillis
    product: Product | None
    inventory: Inventory | None


class Receipt(TypedDict):
    """What became of one event at one destination."""

    shop_id: str
    event_id: str
    event_name: str
    destination: str
    status: str
    reason: str | None
    http_status: int | None
    code: int | None
    subcode: int | None
    trace_id: str | None
    attempts: int
    batch_id: str | None
    payload_hash: str | None
    latency_ms: int | None
    occurred_at: EpochMillis
    sent_at: EpochMillis
    value: float | None
    currency: str | None
    order_id: str | None
    test: bool
    source_partition: int
    source_offset: int
    action_source: str | None


class Parked(TypedDict):
    """What a destination has yet to get, aside from the others: a stretch of a partition, or one event."""

    kind: str
    shop_id: str
    destination: str
    offset: int
    until: int | None
    since: EpochMillis
    parked_at: EpochMillis
    generation: int
    reasons: list[str]
    event: EnrichedEvent | None
    waits_in: int | None


class Rejected(TypedDict):
    """Bytes that could not be used, and why."""

    rejection_id: str
    shop_id: str
    stage: str
    reason: str
    field: str | None
    detail: str | None
    payload: bytes
    content_type: str | None
    topic: str | None
    partition: int | None
    offset: int | None
    received_at: EpochMillis


class Destination(TypedDict):
    """Where a shop's conversions go."""

    name: str
    pixel_id: str
    token_env: str
    test_event_code: str | None
    events: list[str]
    content_id_template: str
    content_type: str
    unknown_products: str
    custom_events: dict[str, str]
    limited_use_regions: list[str]


class ShopifyAccess(TypedDict):
    """How a shop's products are pulled from Shopify's Admin API."""

    token_env: str
    api_version: str
    api_url: str | None


class WooCommerceAccess(TypedDict):
    """A WooCommerce shop: where it is, and which environment variables hold its secrets."""

    url: str
    webhook_secret_envs: list[str]
    key_env: str | None
    secret_env: str | None


class BigCommerceAccess(TypedDict):
    """A BigCommerce shop: which it is, and which environment variables hold its secrets."""

    store_hash: str
    client_secret_envs: list[str]
    token_env: str
    api_url: str
    storefront_url: str | None


class Shop(TypedDict):
    """One shop's settings. Secrets stand in the environment; here are only their names."""

    shop_id: str
    domains: list[str]
    write_keys: list[str]
    webhook_secret_envs: list[str]
    currency: str | None
    country: str | None
    time_zone: str
    session_gap_seconds: int
    day_boundary: bool
    purchase_hold_seconds: int
    require_consent: bool
    destinations: list[Destination]
    updated_at: EpochMillis
    deleted: bool
    shopify: ShopifyAccess | None
    woocommerce: WooCommerceAccess | None
    bigcommerce: BigCommerceAccess | None
    campaign_boundary: bool
    checkout_browsers: int
    customer_browsers: int
    visitor_days: int
    checkout_days: int
    catalogs: list[Catalog]
