"""Pairs the carts and the completed checkouts of one browser, where a completion names no order.

A webhook may know its order by the cart alone, and the browser tells of the cart while shopping and of the checkout
when it pays: only the browser knows that both are one. In: its events. Out: pairs, which only ever become more.
"""

from typing import Final, NamedTuple

from schemas.records import EpochMillis, Event
from streams.rules.checkouts import cart_key, checkout_key, order_key
from streams.rules.links import COMPLETED

MAX_CARTS: Final = 4
TOGETHER_MS: Final = 24 * 3_600_000
"""How long before its checkout was completed a cart may have been seen first."""


class Carts(NamedTuple):
    """When the browser first saw which cart, and when it completed which checkout without naming the order."""

    seen: tuple[tuple[EpochMillis, str], ...] = ()
    ended: tuple[tuple[EpochMillis, str], ...] = ()


class Pair(NamedTuple):
    """That *checkout*, completed at *ended_at*, was of *cart*; both as the names of their places."""

    cart: str
    checkout: str
    ended_at: EpochMillis


NONE: Final = Carts()


def with_event(carts: Carts, event: Event) -> Carts:
    """Take what *event* shows; the same object when that is nothing new."""
    cart, checkout = cart_key(event["cart_token"]), checkout_key(event["checkout_token"], None)
    if cart is not None:
        carts = carts._replace(seen=_with_first(carts.seen, event["occurred_at"], cart))
    if checkout is not None and event["name"] == COMPLETED and order_key(event["order_id"]) is None:
        carts = carts._replace(ended=_with_first(carts.ended, event["occurred_at"], checkout))
    return carts


def pairs(carts: Carts) -> list[Pair]:
    """List of each completed checkout the cart that was new last before it."""
    found = []
    for ended_at, checkout in carts.ended:
        before = [(first, cart) for first, cart in carts.seen if ended_at - TOGETHER_MS <= first <= ended_at]
        if before:
            found.append(Pair(max(before)[1], checkout, ended_at))
    return found


def _with_first(
    known: tuple[tuple[EpochMillis, str], ...], time: EpochMillis, name: str
) -> tuple[tuple[EpochMillis, str], ...]:
    first = min([time, *(at for at, each in known if each == name)])
    return tuple(sorted([*(each for each in known if each[1] != name), (first, name)]))[-MAX_CARTS:]
