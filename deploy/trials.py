"""A made-up event for Meta's Test Events: a shop, a name and a product come in, an enriched event goes out; pure."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from schemas.identifiers import visitor_id
from schemas.records import EnrichedEvent, EpochMillis, Event, Item, ProductFacts, Shop
from schemas.shop import META_NAMES
from streams.rules.conversions import site_url

EVENTS: Final = tuple(META_NAMES)
_USER_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
_ADDRESS: Final = "192.0.2.1"  # of a network for documentation: https://www.rfc-editor.org/rfc/rfc5737


def a_trial(shop: Shop, name: str, product: Mapping[str, Any] | None, now_ms: EpochMillis) -> EnrichedEvent:
    """Make up the event *name* of a browser that is nobody's; *product* is a row of `products_now`."""
    client_id, bought = f"trial-{uuid4()}", name == "purchase"
    price = float(product["price"]) if product and product["price"] is not None else None
    event = Event(
        shop_id=shop["shop_id"],
        event_id=f"trial-{uuid4()}",
        name=name,
        kind="standard" if name in META_NAMES else "custom",
        source="webhook" if bought else "pixel",
        seq=None,
        client_id=client_id,
        visitor_id=visitor_id(shop["shop_id"], client_id),
        occurred_at=now_ms,
        reported_at=None,
        sent_at=None,
        received_at=now_ms,
        customer_id=None,
        checkout_token=None,
        cart_token=None,
        order_id=f"trial-{now_ms}" if bought else None,
        url=site_url(shop),
        referrer=None,
        title=None,
        user_agent=_USER_AGENT,
        client_ip=_ADDRESS,
        language=None,
        country=shop["country"],
        fbp=None,
        fbc=None,
        utm={},
        click_ids={},
        consent={"analytics": True, "marketing": True, "preferences": True, "sale_of_data": None},
        user_data={},
        value=price,
        currency=product["currency"] if product else None,
        totals={},
        items=[_item(product)] if product else [],
        search_query="trial" if name == "search_submitted" else None,
        collection_id=None,
        properties=None,
        sales_channel=None,
    )
    facts = [_facts(product)] if product else []
    return {
        "event": event,
        "session_id": "",
        "person_id": event["visitor_id"],
        "products": facts,
        "late": False,
        "retracted": False,
    }


def _item(product: Mapping[str, Any]) -> Item:
    return Item(
        product_id=product["product_id"],
        variant_id=product["variant_id"] or None,
        sku=product["sku"] or None,
        title=product["title"],
        variant_title=product["variant_title"] or None,
        vendor=product["brand"] or None,
        category=product["category"] or None,
        price=None if product["price"] is None else float(product["price"]),
        quantity=1,
        currency=product["currency"] or None,
        image_url=product["image_url"] or None,
    )


def _facts(product: Mapping[str, Any]) -> ProductFacts:
    return ProductFacts(
        known=True,
        product_id=product["product_id"],
        variant_id=product["variant_id"] or None,
        title=product["title"],
        image_url=product["image_url"] or None,
        category=product["category"] or None,
        brand=product["brand"] or None,
        price=None if product["price"] is None else float(product["price"]),
        currency=product["currency"] or None,
        sku=product["sku"] or None,
        status=product["status"] or None,
        catalog_version=int(product["changed_at"].timestamp() * 1000),
    )
