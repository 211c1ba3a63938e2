"""An enriched event in, the server event Meta understands out; pure.

Which of Meta's events a storefront event is stands in `schemas.shop.META_NAMES`. Nothing is guessed: an amount without
a currency, a product without the id its catalog would use, a click without a time are left out; `validation` decides.
https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters
"""

from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Final, NamedTuple, cast
from urllib.parse import urljoin

from connectors.meta.limited_use import LimitedUse
from connectors.meta.products import described, money
from connectors.meta.wire import ActionSource, Conversion, CustomData, UserData
from schemas.click_ids import fbc_from_click
from schemas.records import Destination, EnrichedEvent, Event
from schemas.shop import META_NAMES

LIMITED_DATA_USE: Final = ["LDU"]  # see `connectors.meta.limited_use`

# What the client of an order begins with that no browser told of.
NO_BROWSER: Final = "order:"
# What Shopify calls its tills: https://shopify.dev/docs/api/admin-rest/latest/resources/order
POINT_OF_SALE: Final = "pos"


class Terms(NamedTuple):
    """What a shop and one of its destinations settle for every event.

    *country* is the shop's; *site_url* is its front page, where an order was placed that no browser told of.
    """

    destination: Destination
    country: str | None
    site_url: str | None


def meta_name(event: Event, destination: Destination) -> str | None:
    """Name *event* as Meta does: a standard event, or what *destination* calls a shop's own; None: not for Meta."""
    name = META_NAMES.get(event["name"]) if event["kind"] == "standard" else None
    if name == "Purchase" and event["source"] != "webhook":
        return None
    return name or destination["custom_events"].get(event["name"])


def action_source(event: Event) -> ActionSource:
    """Say where *event* happened: on the website, unless it is an order of the till's that no browser told of.

    https://developers.facebook.com/documentation/ads-commerce/conversions-api/offline-events
    """
    in_person = event["sales_channel"] == POINT_OF_SALE and event["client_id"].startswith(NO_BROWSER)
    return "physical_store" if in_person else "website"


def to_conversion(enriched: EnrichedEvent, name: str, terms: Terms, limited: LimitedUse | None = None) -> Conversion:
    """Describe *enriched* as Meta's event *name*; *limited*: where the visitor's data may not be used freely."""
    event = enriched["event"]
    conversion = Conversion(
        event_name=name,
        event_time=event["occurred_at"] // 1000,
        event_id=event["event_id"],  # the page sends the same id: Meta takes one of the two
        action_source=action_source(event),
        user_data=to_user_data(event),
    )
    if conversion["action_source"] == "website":
        _tell_page(conversion, event, terms.site_url)
    if custom := _custom_data(enriched, name, terms):
        conversion["custom_data"] = custom
    if limited is not None:
        conversion["data_processing_options"] = LIMITED_DATA_USE
        conversion["data_processing_options_country"] = limited.country
        conversion["data_processing_options_state"] = limited.state
    return conversion


def _tell_page(conversion: Conversion, event: Event, site_url: str | None) -> None:
    """Say on which page it happened; of an order no browser told of, Shopify names the landing page by its path."""
    url = event["url"] or ("/" if conversion["event_name"] == "Purchase" else None)
    if found := urljoin(site_url, url) if url and url.startswith("/") and site_url else event["url"]:
        conversion["event_source_url"] = found
    if event["referrer"]:
        conversion["referrer_url"] = event["referrer"]


def to_user_data(event: Event) -> UserData:
    """Say who it was: the hashes made at the edge, our own ids hashed, and what is never hashed."""
    user: dict[str, object] = {key: value for key, value in event["user_data"].items() if value}
    user["external_id"] = _external_ids(event)
    user["fbp"] = event["fbp"]
    user["fbc"] = event["fbc"] or _fbc(event)
    if action_source(event) == "website":  # else they are the till's, not the customer's
        user["client_ip_address"] = _address(event["client_ip"])
        user["client_user_agent"] = event["user_agent"]
    return cast(UserData, {key: value for key, value in user.items() if value})


def _external_ids(event: Event) -> list[str]:
    """Hash the customer, then the browser: a match on either is a match."""
    browser = None if event["client_id"].startswith(NO_BROWSER) else event["client_id"]
    given = [event["user_data"].get("external_id")]
    ours = [_hashed(event["customer_id"]), _hashed(browser)]
    return list(dict.fromkeys(each for each in given + ours if each))


def _hashed(identifier: str | None) -> str | None:
    return sha256(identifier.encode()).hexdigest() if identifier else None


def _fbc(event: Event) -> str | None:
    """Build the click of this event's own URL; a click met earlier comes in `fbc`, with the time it was first seen."""
    fbclid = event["click_ids"].get("fbclid")
    return fbc_from_click(fbclid, event["occurred_at"]) if fbclid else None


@lru_cache(maxsize=4096)  # one visitor's events come together
def _address(text: str | None) -> str | None:
    try:
        return str(ip_address(text)) if text else None
    except ValueError:
        return None


def _custom_data(enriched: EnrichedEvent, name: str, terms: Terms) -> CustomData:
    event = enriched["event"]
    custom = described(enriched, terms.destination, terms.country)
    value, currency = money(event["value"], event["currency"])
    if value is not None and (currency is not None or name == "Purchase"):  # a Purchase without is skipped, and why
        custom["value"] = value
    if currency is not None and (value is not None or name == "Purchase"):
        custom["currency"] = currency
    if name == "InitiateCheckout" and event["items"]:
        custom["num_items"] = sum(item["quantity"] for item in event["items"])
    if name == "Purchase" and event["order_id"]:
        custom["order_id"] = event["order_id"]
    if name == "Search" and event["search_query"]:
        custom["search_string"] = event["search_query"]
    return custom
