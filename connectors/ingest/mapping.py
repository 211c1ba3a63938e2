"""An event as its sender wrote it → the record `Event`: cleaned, hashed, dated, priced."""

from typing import Final, NamedTuple

from connectors.ingest.identities import plain
from connectors.ingest.items import to_commerce
from connectors.ingest.pages import to_page
from connectors.ingest.people import to_user_data
from connectors.ingest.properties import to_properties
from connectors.ingest.reading import Reading
from connectors.ingest.wire.checkouts import Checkout
from connectors.ingest.wire.events import Browser, Customer, StandardData
from connectors.ingest.wire.events import Consent as WireConsent
from schemas.click_ids import parse_fbc, parse_fbp
from schemas.identifiers import visitor_id
from schemas.records import Consent, EpochMillis, Event, Shop
from schemas.scrubbing import scrub_text

BELIEVED_PAST_MS: Final = 62 * 24 * 3600 * 1000
"""Browsers hold events back until consent or a network comes; what is older is a wrong clock."""
BELIEVED_FUTURE_MS: Final = 5 * 60 * 1000


class Visit(NamedTuple):
    """What we know of a request ourselves. *source* is `pixel` or `gif`."""

    shop: Shop
    received_at: EpochMillis
    source: str = "pixel"
    client_ip: str | None = None
    user_agent: str | None = None
    country: str | None = None


def to_event(reading: Reading, visit: Visit) -> Event:
    """Describe what happened the way every later hop reads it.

    Raises:
        TerminalError: `too_large`, when the event says more beside our fields than we carry.
    """
    event, shop = reading.event, visit.shop
    details = reading.details if isinstance(reading.details, StandardData) else None
    checkout = details.checkout if details else None
    client_id = event.client_id.strip()
    occurred_at, reported_at = believed(event.timestamp, visit.received_at)
    fbp, fbc = _cookies(reading.browser)
    return {
        "shop_id": shop["shop_id"],
        "event_id": event.id.strip(),
        "name": event.name if reading.kind == "standard" else scrub_text(event.name),
        "kind": reading.kind,
        "source": visit.source,
        "seq": event.seq,
        "client_id": client_id,
        "visitor_id": visitor_id(shop["shop_id"], client_id),
        "occurred_at": occurred_at,
        "reported_at": reported_at,
        "sent_at": reading.sent_at,
        "received_at": visit.received_at,
        "customer_id": _customer_id(reading.customer, checkout),
        "client_ip": visit.client_ip,
        "country": visit.country,
        "fbp": fbp,
        "fbc": fbc,
        "consent": to_consent(reading.consent),
        "user_data": to_user_data(checkout, reading.customer, region=shop["country"]),
        "properties": to_properties(reading),
        "sales_channel": None,
        **to_page(reading, user_agent=visit.user_agent),
        **to_commerce(details),
    }


def believed(reported: EpochMillis, received_at: EpochMillis) -> tuple[EpochMillis, EpochMillis | None]:
    """Return when the event occurred, and what the visitor's clock said where that cannot be."""
    if -BELIEVED_PAST_MS <= reported - received_at <= BELIEVED_FUTURE_MS:
        return reported, None
    return received_at, reported


def to_consent(told: WireConsent | None) -> Consent | None:
    """Say what the visitor allowed; nothing where nothing was told."""
    if told is None:
        return None
    return Consent(
        analytics=told.analytics,
        marketing=told.marketing,
        preferences=told.preferences,
        sale_of_data=told.sale_of_data,
    )


def _customer_id(customer: Customer | None, checkout: Checkout | None) -> str | None:
    """Who ordered goes before who was logged in when the page was made."""
    order = checkout.order if checkout else None
    ordered = plain(order.customer.id) if order and order.customer else None
    return ordered or plain(customer.id if customer else None)


def _cookies(browser: Browser | None) -> tuple[str | None, str | None]:
    if browser is None:
        return None, None
    fbp, fbc = parse_fbp(browser.fbp or ""), parse_fbc(browser.fbc or "")
    return fbp.text() if fbp else None, fbc.text() if fbc else None
