"""Counts the browsers that name one customer: an id that too many name is no person's, and is believed of none."""

from typing import Final, NamedTuple

from schemas.identifiers import link_id
from schemas.records import EpochMillis, Link
from streams.rules.links import CONTESTED, UNLINK

_DAY_MS: Final = 86_400_000


class Browser(NamedTuple):
    """That a browser named the customer, shown by one event."""

    visitor_id: str
    client_id: str
    event_id: str
    used_at: EpochMillis
    received_at: EpochMillis


class CustomerState(NamedTuple):
    """One customer id. *applied*: as a checkout's. *browsers*: who named it, until there were too many.

    *heard*: when it was last named, to the day.
    """

    applied: tuple[int, int] = (-1, -1)
    browsers: tuple[Browser, ...] = ()
    heard: EpochMillis = 0


def take_browser(state: CustomerState, link: Link, most: int) -> CustomerState:
    """Take that a browser named the customer; of more than *most* only one more is remembered.

    The same object when that says nothing new.
    """
    named = _browser_of(link)
    if len(state.browsers) <= most and all(each.visitor_id != named.visitor_id for each in state.browsers):
        state = state._replace(browsers=(*state.browsers, named))
    received = link["received_at"]
    return state._replace(heard=received) if received >= state.heard + _DAY_MS else state


def unlinks(state: CustomerState, link: Link, most: int) -> list[Link]:
    """Take the customer, for ever, from every browser that named it, once they are more than *most*."""
    if len(state.browsers) <= most:
        return []
    here = unlink_here(state, link, most)
    known = [_unlink(link["shop_id"], link["customer_id"] or "", each) for each in state.browsers]
    return known + [each for each in here if each["visitor_id"] not in {one["visitor_id"] for one in known}]


def unlink_here(state: CustomerState, link: Link, most: int) -> list[Link]:
    """As `unlinks`, but only from the browser of *link*, which may be one too many to be remembered."""
    if len(state.browsers) <= most:
        return []
    return [_unlink(link["shop_id"], link["customer_id"] or "", _browser_of(link))]


def _browser_of(link: Link) -> Browser:
    visitor, client = link["visitor_id"] or "", link["client_id"] or ""
    return Browser(visitor, client, link["event_id"], link["occurred_at"], link["received_at"])


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
