"""Writes an order out: its row, and the one event its purchase leaves as.

In: an order as both halves tell it (`streams.rules.purchases`). Out: an `Order`, an `Event` named `purchase`.
The webhook is the truth about money; the browser's half tells whose visit it was.
"""

from typing import Final, NamedTuple

from schemas import identifiers
from schemas.records import Event, Order, OrderReceived
from streams.rules.checkouts import CheckoutState
from streams.rules.halves import PIXEL, WEBHOOK, Half, OrderState, match_of
from streams.rules.identities import identifies

PURCHASE: Final = "purchase"

Refunds = tuple[tuple[str, float], ...]

# What a refund is known to change before the shop says so itself.
_PAID: Final = ("open", "pending", "authorized", "paid", "partially_refunded")


class Purchase(NamedTuple):
    """The event of a purchase, with its session and the person who bought, as known when it left."""

    event: Event
    session_id: str
    person_id: str


def to_row(shop_id: str, state: CheckoutState, order: OrderState) -> Order:
    """Write *order* out whole."""
    shop, half = order.latest, order.pixel or state.context
    pixel = half.event if half else None
    told = _told(order)
    return {
        "shop_id": shop_id,
        "order_id": order.order_id,
        "checkout_token": told["checkout_token"] or (pixel["checkout_token"] if pixel else None),
        "cart_token": told["cart_token"] or (pixel["cart_token"] if pixel else None),
        "customer_id": _customer(shop, half),
        "client_id": pixel["client_id"] if pixel else None,
        "visitor_id": pixel["visitor_id"] if pixel else None,
        "session_id": half.session_id or None if half else None,
        "ordered_at": told["occurred_at"],
        "updated_at": shop["updated_at"] if shop else told["occurred_at"],
        "status": _status(order, state.refunds),
        "match": match_of(order),
        "value": told["value"],
        "currency": told["currency"],
        "totals": told["totals"] | _refunded(state.refunds),
        "coupon": shop["coupon"] if shop else None,
        "items": told["items"],
        "seen_in_webhook_at": order.opening["received_at"] if order.opening else None,
        "seen_in_pixel_at": order.pixel.event["received_at"] if order.pixel else None,
        "purchase_event_id": _event_id(shop_id, order),
        "version": order.version,
        "sales_channel": shop["sales_channel"] if shop else None,
    }


def _status(order: OrderState, refunds: Refunds) -> str:
    status = order.latest["status"] if order.latest else "open"
    if not refunds or status not in _PAID:
        return status
    value = _told(order)["value"]
    return "refunded" if value is not None and _refunded(refunds)["refunded"] >= value else "partially_refunded"


def _refunded(refunds: Refunds) -> dict[str, float]:
    return {"refunded": round(sum(amount for _, amount in refunds), 4)} if refunds else {}


def _event_id(shop_id: str, order: OrderState) -> str:
    return order.left_as or identifiers.purchase_event_id(shop_id, order.order_id)


def _told(order: OrderState) -> OrderReceived | Event:
    if order.latest is not None:
        return order.latest
    assert order.pixel is not None, "an order has a half"  # noqa: S101
    return order.pixel.event


def _customer(shop: OrderReceived | None, half: Half | None) -> str | None:
    for customer in (shop["customer_id"] if shop else None, half.event["customer_id"] if half else None):
        if not identifiers.is_junk(customer) and identifies(customer):
            return customer
    return None


def to_purchase(shop_id: str, state: CheckoutState, order: OrderState, halves: int) -> Purchase:
    """Describe the purchase of *order* as the *halves* it leaves with tell it."""
    shop = order.opening if halves & WEBHOOK else None
    half = order.pixel if halves & PIXEL else (order.beside or (state.context,))[0]
    event = _browser_part(half.event) if half else _without_browser(shop_id, order)
    if shop is not None:
        event = _with_shop_part(event, shop)
    event["event_id"] = _event_id(shop_id, order)
    event["order_id"] = order.order_id or None
    customer = _customer(shop, half) or (half.customer_id if half else None)
    event["customer_id"] = _customer(shop, half)
    session_id = half.session_id if half else ""
    return Purchase(
        event,
        session_id or identifiers.session_id(event["visitor_id"], event["event_id"]),
        identifiers.person_id(shop_id, customer) if customer else event["visitor_id"],
    )


def _browser_part(pixel: Event) -> Event:
    return {**pixel, "name": PURCHASE, "kind": "standard", "source": "webhook", "seq": None, "properties": None}


def _with_shop_part(event: Event, shop: OrderReceived) -> Event:
    return {
        **event,
        "occurred_at": shop["occurred_at"],
        "reported_at": None,
        "sent_at": None,
        "received_at": max(event["received_at"], shop["received_at"]),
        "checkout_token": shop["checkout_token"] or event["checkout_token"],
        "cart_token": shop["cart_token"] or event["cart_token"],
        "client_ip": event["client_ip"] or shop["client_ip"],
        "user_agent": event["user_agent"] or shop["user_agent"],
        "url": event["url"] or shop["landing_url"],
        "referrer": event["referrer"] or shop["referrer"],
        "country": event["country"] or shop["country"],
        "user_data": {**event["user_data"], **shop["user_data"]},
        "value": shop["value"] if shop["value"] is not None else event["value"],
        "currency": shop["currency"] or event["currency"],
        "totals": shop["totals"] or event["totals"],
        "items": shop["items"] or event["items"],
        "sales_channel": shop["sales_channel"],
    }


def _without_browser(shop_id: str, order: OrderState) -> Event:
    """Begin the event of an order no browser told of: it is a visitor of its own."""
    client_id = f"order:{order.order_id}"
    told = _told(order)
    return {
        "shop_id": shop_id,
        "event_id": "",
        "name": PURCHASE,
        "kind": "standard",
        "source": "webhook",
        "seq": None,
        "client_id": client_id,
        "visitor_id": identifiers.visitor_id(shop_id, client_id),
        "occurred_at": told["occurred_at"],
        "reported_at": None,
        "sent_at": None,
        "received_at": told["received_at"],
        "customer_id": None,
        "checkout_token": None,
        "cart_token": None,
        "order_id": None,
        "url": None,
        "referrer": None,
        "title": None,
        "user_agent": None,
        "client_ip": None,
        "language": None,
        "country": None,
        "fbp": None,
        "fbc": None,
        "utm": {},
        "click_ids": {},
        "consent": None,
        "user_data": {},
        "value": None,
        "currency": None,
        "totals": {},
        "items": [],
        "search_query": None,
        "collection_id": None,
        "properties": None,
        "sales_channel": None,
    }
