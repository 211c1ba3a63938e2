"""The products of an event, as Meta's `custom_data` lists them; pure.

Title, brand, category and price are the catalog's as of the event, else the event's own. What an order says was paid
for an item goes before the catalog's price.
https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/custom-data
"""

import math
from functools import lru_cache
from typing import Final

from connectors.meta.content_ids import template
from connectors.meta.wire import Content, CustomData
from schemas.records import Destination, EnrichedEvent, Item, ProductFacts

PRODUCT_GROUP: Final = "product_group"


def described(enriched: EnrichedEvent, destination: Destination, country: str | None) -> CustomData:
    """List the products of *enriched*; an item that has not the ids the template needs is left out."""
    event, facts = enriched["event"], enriched["products"]
    naming = template(destination["content_id_template"])
    contents: list[Content] = []
    for index, item in enumerate(event["items"]):
        known = facts[index] if index < len(facts) else None
        content_id = naming.fill(item, known, country)
        if content_id:
            paid = event["name"] == "purchase"
            contents.append(_content(content_id, item, known, currency=event["currency"], paid=paid))
    if not contents:
        return {}
    custom = CustomData(content_ids=list(dict.fromkeys(each["id"] for each in contents)))
    custom["content_type"] = destination["content_type"]
    if destination["content_type"] != PRODUCT_GROUP:  # Meta matches groups by content_ids only
        custom["contents"] = contents
    if len(contents) == 1:
        _name_the_one(custom, contents[0])
    return custom


def unknown_products(enriched: EnrichedEvent) -> bool:
    """Tell whether the catalog does not know one of the event's products, or knows it as no longer sold."""
    facts = enriched["products"]
    missing = len(facts) < len(enriched["event"]["items"])
    return missing or any(not each["known"] or each["status"] not in (None, "active") for each in facts)


def money(amount: float | None, currency: str | None) -> tuple[float | None, str | None]:
    """Return what of an amount can be sent: a finite number, an ISO 4217 code in capitals."""
    return (amount if amount is not None and math.isfinite(amount) else None), _iso(currency)


@lru_cache(maxsize=256)
def _iso(currency: str | None) -> str | None:
    code = (currency or "").strip().upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def _content(content_id: str, item: Item, facts: ProductFacts | None, *, currency: str | None, paid: bool) -> Content:
    content = Content(id=content_id, quantity=item["quantity"])
    price = _price(item, facts, currency=currency, paid=paid)
    if price is not None:
        content["item_price"] = price
    if title := (facts and facts["title"]) or item["title"]:
        content["title"] = title
    if brand := (facts and facts["brand"]) or item["vendor"]:
        content["brand"] = brand
    if category := (facts and facts["category"]) or item["category"]:
        content["category"] = category
    return content


def _price(item: Item, facts: ProductFacts | None, *, currency: str | None, paid: bool) -> float | None:
    """Choose a price in the event's *currency*: one in another currency, or in none, says nothing."""
    if not currency:
        return None
    of_catalog = facts["price"] if facts and facts["currency"] == currency else None
    of_event = item["price"] if item["currency"] in (None, currency) else None
    first, second = (of_event, of_catalog) if paid else (of_catalog, of_event)
    price = first if first is not None else second
    return price if price is not None and math.isfinite(price) else None


def _name_the_one(custom: CustomData, content: Content) -> None:
    if "title" in content:
        custom["content_name"] = content["title"]
    if "category" in content:
        custom["content_category"] = content["category"]
