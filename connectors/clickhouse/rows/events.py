"""Enriched events become rows of `events`."""

from typing import Final

from connectors.clickhouse.rows.values import NIL, Row, amount, amounts, path_of
from schemas.records import EnrichedEvent, Event, Item, ProductFacts

COLUMNS: Final = (
    *("shop_id", "event_id", "name", "kind", "source", "seq"),
    *("occurred_at", "reported_at", "sent_at", "received_at", "late"),
    *("client_id", "visitor_id", "session_id", "person_id_then"),
    *("customer_id", "checkout_token", "cart_token", "order_id"),
    *("product_id", "variant_id", "price", "quantity", "product_title", "product_category", "product_brand"),
    *("product_known", "catalog_price", "catalog_version"),
    *("items.product_id", "items.variant_id", "items.sku", "items.title", "items.category", "items.brand"),
    *("items.price", "items.quantity", "items.known"),
    *("currency", "value", "totals"),
    *("url", "path", "referrer", "page_title", "user_agent", "language", "country"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_ids"),
    *("search_query", "collection_id", "sales_channel"),
    *("consent_analytics", "consent_marketing", "consent_preferences", "consent_sale_of_data"),
    *("match_keys", "properties", "kafka_partition", "kafka_offset", "version", "is_deleted"),
)

_NO_PRODUCT: Final[Row] = ["", "", None, 0, "", "", "", False, None, None]
_NO_ITEMS: Final[Row] = [[], [], [], [], [], [], [], [], []]
_NOT_TOLD: Final[Row] = [None, None, None, None]
_UNKNOWN = ProductFacts(
    known=False,
    product_id=None,
    variant_id=None,
    title=None,
    image_url=None,
    category=None,
    brand=None,
    price=None,
    currency=None,
    sku=None,
    status=None,
    catalog_version=None,
)


def event_row(enriched: EnrichedEvent, partition: int, offset: int) -> Row:
    """Write one event, which came with the record at *offset*, in the order of `COLUMNS`.

    The offset is the row's version: a replayed event comes again later on the same partition, and counts.
    """
    event = enriched["event"]
    items, facts = event["items"], enriched["products"]
    if len(facts) < len(items):
        facts = [*facts, *[_UNKNOWN] * (len(items) - len(facts))]
    return [
        *_what(event, enriched),
        *(_product(items[0], facts[0]) if len(items) == 1 else _NO_PRODUCT),
        *(_items(items, facts) if items else _NO_ITEMS),
        event["currency"] or (items[0]["currency"] if items else None) or "",
        amount(event["value"]),
        amounts(event["totals"]),
        *_where(event),
        *_consent(event),
        _match_keys(event),
        event["properties"] or "",
        partition,
        offset,
        offset,
        int(enriched["retracted"]),
    ]


def _what(event: Event, enriched: EnrichedEvent) -> Row:
    reported, sent = event["reported_at"], event["sent_at"]
    return [
        event["shop_id"],
        event["event_id"],
        event["name"],
        event["kind"],
        event["source"],
        event["seq"],
        event["occurred_at"] / 1000,
        None if reported is None else reported / 1000,
        None if sent is None else sent / 1000,
        event["received_at"] / 1000,
        enriched["late"],
        event["client_id"],
        event["visitor_id"] or NIL,
        enriched["session_id"] or NIL,
        enriched["person_id"] or NIL,
        event["customer_id"] or "",
        event["checkout_token"] or "",
        event["cart_token"] or "",
        event["order_id"] or "",
    ]


def _product(item: Item, facts: ProductFacts) -> Row:
    version = facts["catalog_version"]
    return [
        facts["product_id"] or item["product_id"] or "",
        facts["variant_id"] or item["variant_id"] or "",
        amount(item["price"]),
        item["quantity"],
        facts["title"] or item["title"] or "",
        facts["category"] or item["category"] or "",
        facts["brand"] or item["vendor"] or "",
        facts["known"],
        amount(facts["price"]),
        None if version is None else version / 1000,
    ]


def _items(items: list[Item], facts: list[ProductFacts]) -> Row:
    pairs = list(zip(items, facts, strict=False))
    return [
        [known["product_id"] or item["product_id"] or "" for item, known in pairs],
        [known["variant_id"] or item["variant_id"] or "" for item, known in pairs],
        [item["sku"] or known["sku"] or "" for item, known in pairs],
        [known["title"] or item["title"] or "" for item, known in pairs],
        [known["category"] or item["category"] or "" for item, known in pairs],
        [known["brand"] or item["vendor"] or "" for item, known in pairs],
        [amount(item["price"]) for item in items],
        [item["quantity"] for item in items],
        [known["known"] for _, known in pairs],
    ]


def _where(event: Event) -> Row:
    utm = event["utm"]
    campaign = [utm.get(name, "") for name in ("source", "medium", "campaign", "term", "content")] if utm else [""] * 5
    return [
        event["url"] or "",
        path_of(event["url"]),
        event["referrer"] or "",
        event["title"] or "",
        event["user_agent"] or "",
        event["language"] or "",
        event["country"] or "",
        *campaign,
        event["click_ids"],
        event["search_query"] or "",
        event["collection_id"] or "",
        event["sales_channel"] or "",
    ]


def _consent(event: Event) -> Row:
    told = event["consent"]
    return [told["analytics"], told["marketing"], told["preferences"], told["sale_of_data"]] if told else _NOT_TOLD


def _match_keys(event: Event) -> list[str]:
    """Name what is known for matching; the values stay on Kafka, for analysts have no use for them."""
    known = list(event["user_data"])
    known += [name for name in ("fbp", "fbc", "client_ip") if event[name]]
    return known
