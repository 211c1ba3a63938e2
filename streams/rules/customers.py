"""Counts the browsers that name one customer: an id that too many name is no person's, and is believed of none."""

from typing import NamedTuple

from schemas.identifiers import link_id
from schemas.records import EpochMillis, Link
from streams.rules.links import CONTESTED, UNLINK


class Browser(NamedTuple):
    """That a browser named the customer, shown by one event."""

    visitor_id: str
    client_id: str
    event_id: str
    used_at: EpochMillis
    received_at: EpochMillis


class CustomerState(NamedTuple):
    """One customer id. *applied*: as a checkout's. *browsers*: who named it, until there were too many."""

    applied: tuple[int, int] = (-1, -1)
    browsers: tuple[Browser, ...] = ()
    heard: EpochMillis = 0


def take_browser(state: CustomerState, link: Link, most: int) -> CustomerState:
    """Take that a browser named the customer; of more than *most* only one more is remembered."""
    visitor, client = link["visitor_id"], link["client_id"]
    if visitor is None or client is None or len(state.browsers) > most:
        return state
    if any(each.visitor_id == visitor for each in state.browsers):
        return state
    named = Browser(visitor, client, link["event_id"], link["occurred_at"], link["received_at"])
    return state._replace(browsers=(*state.browsers, named))


def unlinks(state: CustomerState, link: Link, most: int) -> list[Link]:
    """Take the customer, for ever, from every browser that named it, once they are more than *most*.

    *link* is of the browser at hand, which may be one too many to be remembered.
    """
    if len(state.browsers) <= most:
        return []
    last = Browser(
        link["visitor_id"] or "", link["client_id"] or "", link["event_id"], link["occurred_at"], link["received_at"]
    )
    known = {each.visitor_id for each in state.browsers}
    browsers = state.browsers if last.visitor_id in known else (*state.browsers, last)
    return [_unlink(link["shop_id"], link["customer_id"] or "", each) for each in browsers]


def _unlink(shop_id: str, customer_id: str, browser: Browser) -> Link:
    return {
        "link_id": link_id(shop_id, CONTESTED, customer_id, browser.visitor_id),
        "shop_id": shop_id,
        "action": UNLINK,
        "identifier_type": "visitor",
        "identifier": browser.visitor_id,
        "visitor_id": browser.visitor_id,
        "client_id": browser.client_id,
        "checkout_token": None,
        "order_id": None,
        "customer_id": customer_id,
        "session_id": None,
        "reason": CONTESTED,
        "event_id": browser.event_id,
        "occurred_at": browser.used_at,
        "received_at": browser.received_at,
        "event": None,
    }
