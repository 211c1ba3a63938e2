"""Joins the two halves of a purchase, the shop's webhook and the browser's `checkout_completed`, on the checkout.

In: what is known of a checkout, and a webhook or a link. Out: what is known after it. The halves may come in either
order, doubled or never; `streams.rules.halves` says when the purchase leaves.
"""

from typing import Final, NamedTuple

from schemas.identifiers import is_junk
from schemas.records import EpochMillis, Link, OrderReceived
from streams.rules.halves import Half, OrderState, first_seen
from streams.rules.identities import identifies

MAX_CLIENTS: Final = 40
MAX_VISITORS: Final = 10
"""More browsers than one shopper has: whatever they all use is no checkout of one person, and says nothing of them."""
MAX_ORDERS: Final = 8

# Of two webhooks about the same moment, the one that says more counts.
_PROGRESS: Final = ("open", "pending", "authorized", "paid", "partially_refunded", "refunded", "voided", "cancelled")


class Client(NamedTuple):
    """That a browser used the checkout, shown by one event. *told*: the customers it has been told of."""

    visitor_id: str
    client_id: str
    session_id: str
    used_at: EpochMillis
    event_id: str
    told: tuple[str, ...] = ()


class News(NamedTuple):
    """What a browser is to be told: that an order of its checkout was a customer's."""

    client: Client
    customer_id: str
    order_id: str


class CheckoutState(NamedTuple):
    """One checkout. *applied*: the last offsets taken from `orders.received` and `identities.linked`. *context*: the
    last a browser said in it, for orders whose completion the browser never told. *unnamed*: a completion that names
    no order.
    """

    applied: tuple[int, int] = (-1, -1)
    clients: tuple[Client, ...] = ()
    customers: tuple[tuple[str, str], ...] = ()
    context: Half | None = None
    unnamed: Half | None = None
    orders: tuple[OrderState, ...] = ()


def checkout_key(checkout_token: str | None, order_id: str | None) -> str | None:
    """Name what both halves meet on: the checkout token, else the order; None when neither is told."""
    if not is_junk(checkout_token) and identifies(checkout_token):
        return checkout_token
    return f"order:{order_id}" if not is_junk(order_id) and identifies(order_id) else None


def take_webhook(state: CheckoutState, order: OrderReceived) -> CheckoutState:
    """Take the shop's half, or a later word on it."""
    known = order_of(state, order["order_id"]) or OrderState(order["order_id"])
    pixel, unnamed = known.pixel, state.unnamed
    if pixel is None and unnamed is not None:
        pixel, unnamed = unnamed, None
    opening = order if known.opening is None or _arrival(order) < _arrival(known.opening) else known.opening
    latest = order if known.latest is None or _progress(order) > _progress(known.latest) else known.latest
    after = known._replace(opening=opening, latest=latest, pixel=pixel)
    state = _with_order(state._replace(unnamed=unnamed), after)
    return _with_customer(state, order["customer_id"], order["order_id"])


def take_link(state: CheckoutState, link: Link) -> CheckoutState:
    """Take that a browser used the checkout, and its half of the purchase if it completed it."""
    state = _with_client(state, link)
    event = link["event"]
    if event is None:
        return state
    half = Half(event, link["session_id"] or "", link["customer_id"])
    if state.context is None or _told_at(half) > _told_at(state.context):
        state = state._replace(context=half)
    if event["name"] != "checkout_completed":
        return state
    order_id = event["order_id"] or next((each.order_id for each in state.orders if each.pixel is None), None)
    if order_id is None:
        earlier = state.unnamed is None or _told_at(half) < _told_at(state.unnamed)
        return state._replace(unnamed=half) if earlier else state
    known = order_of(state, order_id) or OrderState(order_id)
    if known.pixel is None or _told_at(half) < _told_at(known.pixel):
        state = _with_order(state, known._replace(pixel=half))
    return _with_customer(state, event["customer_id"], order_id)


def _told_at(half: Half) -> tuple[EpochMillis, str]:
    return (half.event["occurred_at"], half.event["event_id"])


def _arrival(order: OrderReceived) -> tuple[EpochMillis, str]:
    return (order["received_at"], order["delivery_id"])


def _progress(order: OrderReceived) -> tuple[EpochMillis, int, str]:
    rank = _PROGRESS.index(order["status"]) if order["status"] in _PROGRESS else 0
    return (order["updated_at"], rank, order["delivery_id"])


def order_of(state: CheckoutState, order_id: str) -> OrderState | None:
    """Find an order of the checkout."""
    return next((each for each in state.orders if each.order_id == order_id), None)


def _with_order(state: CheckoutState, order: OrderState) -> CheckoutState:
    others = [each for each in state.orders if each.order_id != order.order_id]
    if len(others) >= MAX_ORDERS:  # nobody pays one checkout so often: forget one that has left, never one that waits
        others = [each for each in others if each is not next((old for old in others if old.sent), None)]
    return state._replace(orders=tuple(sorted([*others, order], key=lambda each: each.order_id)))


def _with_customer(state: CheckoutState, customer: str | None, order_id: str) -> CheckoutState:
    if customer is None or is_junk(customer) or not identifies(customer):
        return state
    if any(known == customer for known, _ in state.customers):
        return state
    return state._replace(customers=(*state.customers, (customer, order_id))[:MAX_ORDERS])


def _with_client(state: CheckoutState, link: Link) -> CheckoutState:
    visitor, session = link["visitor_id"], link["session_id"] or ""
    if visitor is None or link["client_id"] is None:
        return state
    seen = Client(visitor, link["client_id"], session, link["occurred_at"], link["event_id"])
    if len(state.clients) >= MAX_CLIENTS or any(each[:5] == seen[:5] for each in state.clients):
        return state
    return state._replace(clients=(*state.clients, seen))


def is_contested(state: CheckoutState) -> bool:
    """Tell whether too many browsers use this checkout for it to link any of them to a customer."""
    return len(state.clients) > MAX_VISITORS and len({client.visitor_id for client in state.clients}) > MAX_VISITORS


def untold(state: CheckoutState) -> tuple[CheckoutState, list[News]]:
    """List each browser of the checkout with each customer of its orders it has not been told of, and the order."""
    found: list[News] = []
    if is_contested(state):
        return state, found
    clients = []
    for client in state.clients:
        new = [(customer, order_id) for customer, order_id in state.customers if customer not in client.told]
        found += [News(client, customer, order_id) for customer, order_id in new]
        clients.append(client._replace(told=(*client.told, *(customer for customer, _ in new))) if new else client)
    return (state._replace(clients=tuple(clients)), found) if found else (state, [])


def told(state: CheckoutState) -> list[News]:
    """List again, for a replay, what browsers have been told."""
    return [
        News(client, customer, order_id)
        for client in state.clients
        for customer, order_id in state.customers
        if customer in client.told
    ]


def waiting_since(state: CheckoutState) -> EpochMillis:
    """Tell since when an order of the checkout waits for its other half; 0 when none does."""
    return min((first_seen(order) for order in state.orders if not order.sent), default=0)
