"""Leaves out of what is remembered of a place by what Meta could know the person: hashed contact data, IP, user agent.

Only a purchase needs that, when it leaves and when a replay says it again. In: a state. Out: the same without.
"""

from typing import Final, TypeVar

from schemas.records import Event, OrderReceived
from streams.rules.checkouts import CheckoutState
from streams.rules.halves import Half, OrderState

CONTACT_DAYS: Final = 7
"""Without a sign of a place where nothing waits. The events and orders that could come again are no longer in Kafka
(`schemas.topics`), and Meta takes no purchase so old.
"""

_Told = TypeVar("_Told", Event, OrderReceived)


def without_contact(told: _Told) -> _Told:
    """Leave it out of what a browser or a shop *told*; the ids of both stay."""
    told = told.copy()
    told["user_data"], told["client_ip"], told["user_agent"] = {}, None, None
    return told


def has_contact(state: CheckoutState) -> bool:
    """Tell whether anything is remembered that `forgotten` would leave out."""
    told = _told(state)
    return any(each["user_data"] or each["client_ip"] or each["user_agent"] for each in told)


def _told(state: CheckoutState) -> list[Event | OrderReceived]:
    order, halves = state.order, [state.context, state.unnamed]
    told: list[Event | OrderReceived] = []
    if order is not None:
        told += [] if order.opening is None else [order.opening]
        halves += [order.named, *order.beside, *(lent.half for lent in order.lent)]
    return told + [half.event for half in halves if half is not None]


def forgotten(state: CheckoutState) -> CheckoutState:
    """Leave it out of *state*, whose purchase can then not be said again as it was; the same object without any."""
    if not has_contact(state):
        return state
    order = None if state.order is None else _order(state.order)
    return state._replace(context=_half(state.context), unnamed=_half(state.unnamed), order=order, bare=True)


def _order(order: OrderState) -> OrderState:
    opening = None if order.opening is None else without_contact(order.opening)
    lent = tuple([each._replace(half=_bare(each.half)) for each in order.lent])
    beside = tuple(map(_half, order.beside))
    return order._replace(opening=opening, named=_half(order.named), lent=lent, beside=beside)


def _half(half: Half | None) -> Half | None:
    return None if half is None else _bare(half)


def _bare(half: Half) -> Half:
    return half._replace(event=without_contact(half.event))
