"""Joins the two halves of a purchase, the shop's webhook and the browser's `checkout_completed`, at their order.

In: what is known of an order, and a webhook or a link. Out: what is known after it. The halves may come in either
order, doubled or never; `streams.rules.halves` says when the purchase leaves.
"""

from collections.abc import Sequence
from typing import Final

from schemas.identifiers import purchase_event_id
from schemas.records import EpochMillis, Link, OrderReceived
from streams.rules.checkouts import (
    MAX_ORDERS,
    CheckoutState,
    places_of,
    with_client,
    with_context,
    with_owner,
)
from streams.rules.contacts import without_contact
from streams.rules.halves import BOTH, PIXEL, WEBHOOK, Lent, OrderState, first_seen, half_of, with_lent, without_lent

MAX_REFUNDS: Final = 100
REFUND: Final = "refunds/create"

# Of two webhooks about the same moment, the one that says more counts.
_PROGRESS: Final = ("open", "pending", "authorized", "paid", "partially_refunded", "refunded", "voided", "cancelled")


def take_webhook(state: CheckoutState, order: OrderReceived) -> CheckoutState:
    """Take the shop's half, or a later word on it."""
    if order["topic"] == REFUND:
        return take_refund(state, order)
    known = state.order or OrderState(order["order_id"])
    opening = order if known.opening is None or _arrival(order) < _arrival(known.opening) else known.opening
    is_newest = known.latest is None or _progress(order) > _progress(known.latest)
    latest = without_contact(order) if is_newest else known.latest
    state = state._replace(order=known._replace(opening=opening, latest=latest))
    state = with_owner(state, order["customer_id"], order["order_id"], order["received_at"], "webhook")
    return _with_checkouts(state, places_of(order["checkout_token"], order["cart_token"]))


def take_refund(state: CheckoutState, refund: OrderReceived) -> CheckoutState:
    """Take that money was paid back; each refund counts once, whatever the order of it and its order."""
    refund_id, amount = refund["delivery_id"], refund["totals"].get("refunded", 0.0)
    if any(known == refund_id for known, _ in state.refunds) or len(state.refunds) >= MAX_REFUNDS:
        return state
    return state._replace(refunds=tuple(sorted((*state.refunds, (refund_id, amount)))))


def take_half(state: CheckoutState, link: Link, order_id: str) -> CheckoutState:
    """Take at an order that a browser completed its checkout, and named it."""
    half = half_of(link)
    if half is None:
        return state
    state, event = with_context(state, half), half.event
    known = state.order or OrderState(order_id)
    if known.named is None or half.position < known.named.position:
        state = state._replace(order=known._replace(named=half))
    checkouts = places_of(event["checkout_token"], event["cart_token"])
    if checkouts:
        return _with_checkouts(state, checkouts)
    return with_owner(with_client(state, link), event["customer_id"], order_id, link["received_at"], event["event_id"])


def take_context(state: CheckoutState, link: Link) -> CheckoutState:
    """Take at an order what a browser last said in its checkout."""
    half = half_of(link)
    return state if half is None else with_context(state, half)


def take_lent(state: CheckoutState, link: Link, order_id: str, left_as: str = "") -> CheckoutState:
    """Take at an order that a completion which names none is of it, as the place says where it happened.

    *left_as*: the event id of its purchase, when that left before anybody knew the order.
    """
    half = half_of(link)
    if half is None:
        return state
    lent = Lent(link["checkout_token"] or "", half, left_as)
    return with_context(state, half)._replace(order=with_lent(state.order or OrderState(order_id), lent))


def take_another(state: CheckoutState, link: Link) -> CheckoutState:
    """Take at an order that what it was lent is of another, which was made before it."""
    if state.order is None:
        return state
    return state._replace(order=without_lent(state.order, link["checkout_token"] or ""))


def with_beside(before: CheckoutState, state: CheckoutState) -> CheckoutState:
    """Remember what a purchase left with that left without its browser's half, for it must be said again as it was."""
    known, order = before.order, state.order
    if (
        known is None
        or order is None
        or known.sent & BOTH != WEBHOOK
        or known.beside
        or state.context is before.context
    ):
        return state
    return state._replace(order=order._replace(beside=(before.context,)))


def unnamed_purchase_id(shop_id: str, checkout: str) -> str:
    """Name the one purchase of a checkout whose order nobody named in time."""
    return purchase_event_id(shop_id, f"checkout:{checkout}")


def unnamed_order(shop_id: str, checkout: str, state: CheckoutState) -> OrderState:
    """Write the completion that names no order as an order that leaves alone."""
    return OrderState("", named=state.unnamed, sent=PIXEL, left_as=unnamed_purchase_id(shop_id, checkout))


def waiting_since(state: CheckoutState) -> EpochMillis:
    """Tell since when something waits here for its other half; 0 when nothing does."""
    if state.order is not None and not state.order.sent:
        return first_seen(state.order)
    if state.unnamed is not None and not state.unnamed_for:
        return state.unnamed.event["received_at"]
    return 0


def leaves_alone(state: CheckoutState, hold_ms: int, now: EpochMillis) -> bool:
    """Tell whether a completion that names no order has waited long enough at *now*."""
    waiting = state.unnamed is not None and not state.unnamed_for
    return waiting and now > waiting_since(state) + hold_ms


def _with_checkouts(state: CheckoutState, checkouts: Sequence[str]) -> CheckoutState:
    new = [each for each in checkouts if each not in state.checkouts]
    return state._replace(checkouts=(*state.checkouts, *new)[:MAX_ORDERS]) if new else state


def _arrival(order: OrderReceived) -> tuple[EpochMillis, str]:
    return (order["received_at"], order["delivery_id"])


def _progress(order: OrderReceived) -> tuple[EpochMillis, int, str]:
    rank = _PROGRESS.index(order["status"]) if order["status"] in _PROGRESS else 0
    return (order["updated_at"], rank, order["delivery_id"])
