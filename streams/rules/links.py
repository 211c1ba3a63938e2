"""Writes evidence down as `Link`s, each named after what it says, so that a replay says the same."""

from typing import Final

from schemas.identifiers import link_id, purchase_event_id
from schemas.records import EpochMillis, Event, Link
from streams.rules.purchases import News

LOGIN: Final = "login"
CHECKOUT: Final = "checkout"
ORDER: Final = "order"
HOLD_OVER: Final = "hold_over"


def of_login(event: Event, customer_id: str, session_id: str) -> Link:
    """Say that *event* showed a customer on its browser."""
    shop_id, visitor_id = event["shop_id"], event["visitor_id"]
    return {
        "link_id": link_id(shop_id, LOGIN, visitor_id, session_id, customer_id),
        "shop_id": shop_id,
        "action": "link",
        "identifier_type": "visitor",
        "identifier": visitor_id,
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


def of_checkout(event: Event, checkout: str, customer_id: str | None, session_id: str) -> Link:
    """Say that *event*'s browser used a checkout; carries the event, the browser's half of a purchase."""
    shop_id, visitor_id, completed = event["shop_id"], event["visitor_id"], event["name"] == "checkout_completed"
    return {
        "link_id": link_id(shop_id, CHECKOUT, checkout, visitor_id, session_id, event["event_id"] if completed else ""),
        "shop_id": shop_id,
        "action": "link",
        "identifier_type": "checkout",
        "identifier": checkout,
        "visitor_id": visitor_id,
        "client_id": event["client_id"],
        "checkout_token": event["checkout_token"],
        "order_id": event["order_id"],
        "customer_id": customer_id,
        "session_id": session_id,
        "reason": "checkout_completed" if completed else CHECKOUT,
        "event_id": event["event_id"],
        "occurred_at": event["occurred_at"],
        "received_at": event["received_at"],
        "event": event,
    }


def of_order(shop_id: str, checkout: str, news: News, received_at: EpochMillis) -> Link:
    """Tell a browser that used a checkout whose order it became."""
    client, customer_id, order_id = news
    return {
        "link_id": link_id(
            shop_id, ORDER, client.visitor_id, client.session_id, customer_id, order_id, str(client.used_at)
        ),
        "shop_id": shop_id,
        "action": "link",
        "identifier_type": "visitor",
        "identifier": client.visitor_id,
        "visitor_id": client.visitor_id,
        "client_id": client.client_id,
        "checkout_token": None if checkout.startswith("order:") else checkout,
        "order_id": order_id,
        "customer_id": customer_id,
        "session_id": client.session_id or None,
        "reason": ORDER,
        "event_id": purchase_event_id(shop_id, order_id),
        "occurred_at": client.used_at,
        "received_at": received_at,
        "event": None,
    }


def of_hold_over(
    shop_id: str, checkout: str, order_id: str, *, deadline: EpochMillis, received_at: EpochMillis
) -> Link:
    """Say that an order has waited for its other half long enough: it leaves as it is.

    As a record on the checkout's own partition it is taken in order with everything else, and a replay repeats it.
    """
    return {
        "link_id": link_id(shop_id, HOLD_OVER, checkout, order_id),
        "shop_id": shop_id,
        "action": "link",
        "identifier_type": "checkout",
        "identifier": checkout,
        "visitor_id": None,
        "client_id": None,
        "checkout_token": None if checkout.startswith("order:") else checkout,
        "order_id": order_id,
        "customer_id": None,
        "session_id": None,
        "reason": HOLD_OVER,
        "event_id": purchase_event_id(shop_id, order_id),
        "occurred_at": deadline,
        "received_at": received_at,
        "event": None,
    }
