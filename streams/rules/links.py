"""Writes what browsers show as `Link`s, each named after what it says, so that a replay says the same."""

from typing import Final

from schemas.identifiers import link_id
from schemas.records import EpochMillis, Event, Link
from streams.rules.evidence import FOR_EVER, Evidence, Unlink

LOGIN: Final = "login"
LEARNED: Final = "learned"
CHECKOUT: Final = "checkout"
COMPLETED: Final = "checkout_completed"
CONTESTED: Final = "contested"
CART: Final = "cart"

LINK: Final = "link"
UNLINK: Final = "unlink"


def evidence_of(link: Link) -> Evidence:
    """Read from a link to a browser what was seen there."""
    customer, via = link["customer_id"] or "", link["checkout_token"] or f"order:{link['order_id']}"
    return Evidence(link["occurred_at"], customer, link["received_at"], via)


def taken_back(unlink: Link) -> Unlink:
    """Read from an unlink to a browser which evidence it takes back.

    Of one customer, whatever told it until then; what is contested says nothing for ever.
    """
    if unlink["reason"] != CONTESTED:
        return Unlink(unlink["customer_id"] or "", "", unlink["received_at"])
    return Unlink(unlink["customer_id"] or "", unlink["checkout_token"] or "", FOR_EVER)


def of_login(event: Event, customer_id: str, session_id: str) -> Link:
    """Tell a customer that *event* named it on its browser."""
    shop_id, visitor_id = event["shop_id"], event["visitor_id"]
    return {
        "link_id": link_id(shop_id, LOGIN, visitor_id, session_id, customer_id),
        "shop_id": shop_id,
        "action": LINK,
        "identifier_type": "customer",
        "identifier": customer_id,
        "visitor_id": visitor_id,
        "client_id": event["client_id"],
        "checkout_token": event["checkout_token"],
        "order_id": event["order_id"],
        "customer_id": customer_id,
        "session_id": session_id,
        "reason": LOGIN,
        "event_id": event["event_id"],
        "occurred_at": event["occurred_at"],
        "received_at": event["received_at"],
        "event": None,
    }


def of_learned(link: Link) -> Link:
    """Tell a customer that a browser has learned of it by *link*."""
    customer_id, visitor_id = link["customer_id"] or "", link["visitor_id"] or ""
    return {
        **link,
        "link_id": link_id(link["shop_id"], LEARNED, visitor_id, customer_id),
        "identifier_type": "customer",
        "identifier": customer_id,
        "reason": LEARNED,
    }


def of_cart(event: Event, cart: str, checkout: str, ended_at: EpochMillis) -> Link:
    """Tell a cart that *event*'s browser had it when it completed *checkout*, and named no order."""
    shop_id = event["shop_id"]
    return {
        "link_id": link_id(shop_id, CART, cart, checkout),
        "shop_id": shop_id,
        "action": LINK,
        "identifier_type": "checkout",
        "identifier": cart,
        "visitor_id": event["visitor_id"],
        "client_id": event["client_id"],
        "checkout_token": checkout,
        "order_id": None,
        "customer_id": None,
        "session_id": None,
        "reason": CART,
        "event_id": event["event_id"],
        "occurred_at": ended_at,
        "received_at": event["received_at"],
        "event": None,
    }


def of_checkout(event: Event, checkout: str, customer_id: str | None, session_id: str) -> Link:
    """Say that *event*'s browser used a checkout; carries the event, the browser's half of a purchase."""
    shop_id, visitor_id, completed = event["shop_id"], event["visitor_id"], event["name"] == COMPLETED
    return {
        "link_id": link_id(shop_id, CHECKOUT, checkout, visitor_id, session_id, event["event_id"] if completed else ""),
        "shop_id": shop_id,
        "action": LINK,
        "identifier_type": "checkout",
        "identifier": checkout,
        "visitor_id": visitor_id,
        "client_id": event["client_id"],
        "checkout_token": event["checkout_token"],
        "order_id": event["order_id"],
        "customer_id": customer_id,
        "session_id": session_id,
        "reason": COMPLETED if completed else CHECKOUT,
        "event_id": event["event_id"],
        "occurred_at": event["occurred_at"],
        "received_at": event["received_at"],
        "event": event,
    }
