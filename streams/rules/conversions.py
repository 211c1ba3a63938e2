"""What to do with an enriched event at one destination: send it as Meta's event, or skip it and say why; pure."""

from collections.abc import Container
from typing import Any, NamedTuple

import orjson

from connectors.meta.limited_use import limited_use, lives_in
from connectors.meta.mapping import Terms, action_source, meta_name, to_conversion
from connectors.meta.products import PRODUCT_GROUP, unknown_products
from connectors.meta.validation import MAX_EVENT_BYTES, SkipReason, skip_reason
from connectors.meta.wire import ActionSource, Conversion
from schemas.errors import ConfigurationError
from schemas.records import Destination, EnrichedEvent, Shop
from streams.rules.consents import advertising_verdict


class Decision(NamedTuple):
    """What becomes of an event at a destination. *event_name* and *action_source* are Meta's.

    Either *body*, the JSON to send for the event of *event_time* (Unix seconds), or *skipped* says why not.
    """

    event_name: str
    event_time: int
    body: bytes | None = None
    skipped: SkipReason | None = None
    value: float | None = None
    currency: str | None = None
    action_source: ActionSource = "website"


def decide(
    enriched: EnrichedEvent, shop: Shop, destination: Destination, now: float, missing: Container[Any] = ()
) -> Decision | None:
    """Decide at *now* (Unix seconds); None for an event that Meta has no name for: nobody expects a receipt of it.

    None also for one that is taken back here: it is said anew as another browser's, and its receipt is that of both.
    *missing*: which items, each shop, catalog's and item's id, catalogs at Meta are known not to have.
    """
    event = enriched["event"]
    name = meta_name(event, destination)
    if name is None or enriched["retracted"]:
        return None
    said = event["value"], event["currency"], action_source(event)
    undecided = Decision(name, event["occurred_at"] // 1000, None, None, *said)
    if destination["events"] and name not in destination["events"]:
        return undecided._replace(skipped="not_selected")
    protected = lives_in(event, shop["country"], destination["limited_use_regions"])
    verdict = advertising_verdict(event["consent"], require_consent=shop["require_consent"], protected=protected)
    if verdict == "no_marketing_consent" or verdict == "consent_not_told":
        return undecided._replace(skipped=verdict)
    if destination["unknown_products"] != "send" and unknown_products(enriched):
        return undecided._replace(skipped="unknown_product")
    terms = Terms(destination, shop["country"], site_url(shop))
    limited = limited_use(event, shop["country"]) if verdict == "send_limited" else None
    try:
        conversion = to_conversion(enriched, name, terms, limited)
    except ConfigurationError:
        return undecided._replace(skipped="bad_template")
    if destination["unknown_products"] != "send" and any(item in missing for item in _items(conversion, shop)):
        return undecided._replace(skipped="not_in_catalog")
    return _checked(undecided, conversion, now)


def _checked(undecided: Decision, conversion: Conversion, now: float) -> Decision:
    if reason := skip_reason(conversion, now):
        return undecided._replace(skipped=reason)
    body = orjson.dumps(conversion)
    if len(body) > MAX_EVENT_BYTES:
        return undecided._replace(skipped="too_large")
    return undecided._replace(body=body)


def _items(conversion: Conversion, shop: Shop) -> list[tuple[str, str, str]]:
    """Name the items of the shop's primary catalog that *conversion* names."""
    custom = conversion.get("custom_data", {})
    primary = next((each["catalog_id"] for each in shop["catalogs"] if each["primary"]), None)
    if primary is None or custom.get("content_type") == PRODUCT_GROUP:
        return []
    return [(shop["shop_id"], primary, item_id) for item_id in custom.get("content_ids", [])]


def site_url(shop: Shop) -> str | None:
    """Name the shop's front page: its own domain before the one its platform gave it."""
    domains = sorted(shop["domains"], key=lambda domain: domain.endswith(".myshopify.com"))
    return f"https://{domains[0]}/" if domains else None
