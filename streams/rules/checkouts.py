"""Remembers which browsers met at one place, and whose orders it became.

A place is a checkout (its token), a cart (`cart:…`) or an order (`order:…`). Browsers use checkouts and carts; the
shop tells of orders, and a browser that completes a checkout often names its order too. So the two halves of a purchase
always meet at the order (`streams.rules.purchases`), which asks the checkout who used it.
"""

from typing import Final, NamedTuple

from schemas.identifiers import is_junk
from schemas.records import EpochMillis, Link
from streams.rules.halves import Half, OrderState, half_of
from streams.rules.identities import identifies

MAX_CLIENTS: Final = 40
"""Uses that are remembered. A browser that was not here yet still is: whether there are too many must be known."""
MAX_BROWSERS: Final = 41
"""One more than the most that a shop may allow (`schemas.shop`)."""
MAX_OWNERS: Final = 8
"""Of these the browsers tell half at most: what the shop says must find room."""
MAX_ORDERS: Final = 8
MAX_VISITORS: Final = 10
"""More browsers than one shopper has: whatever they all use is no checkout of one person, and says nothing of them."""
ALONE: Final = "-"
"""In place of the order of a completion that left without one."""

_ORDER: Final = "order:"
_CART: Final = "cart:"
_SHOPS: Final = ("order", "webhook")
"""The sources of what a shop says; of what a browser says it is an event's id."""


class Client(NamedTuple):
    """That a browser used the checkout, shown by one event, which came to us at *received_at*."""

    visitor_id: str
    client_id: str
    session_id: str
    used_at: EpochMillis
    event_id: str
    received_at: EpochMillis


class Owner(NamedTuple):
    """That a customer made an order of the checkout; *source* said so first at *received_at*."""

    customer_id: str
    order_id: str
    received_at: EpochMillis
    source: str


class Made(NamedTuple):
    """An order that the shop made here, by its own time. *is_loose*: it names a cart, and no checkout."""

    made_at: EpochMillis
    order_id: str
    received_at: EpochMillis
    is_loose: bool


class CheckoutState(NamedTuple):
    """One place. *applied*: the last offsets taken from `orders.received` and `identities.linked`.

    *context*: the last a browser said here. *unnamed*: a completion that names no order, and *unnamed_for* the order
    it turned out to be of. *orders*: those known of a checkout, as they came. *order* and *checkouts*: of an order,
    what is known of it, and where its browsers meet; *refunds*: the id and amount of each. *heard*: when we last heard
    of the place. *ends*: of a cart, when which checkout ended it. *bare*: `streams.rules.contacts` left out something
    of what its purchase was said with.
    """

    applied: tuple[int, int] = (-1, -1)
    clients: tuple[Client, ...] = ()
    owners: tuple[Owner, ...] = ()
    context: Half | None = None
    unnamed: Half | None = None
    unnamed_for: str = ""
    orders: tuple[Made, ...] = ()
    order: OrderState | None = None
    checkouts: tuple[str, ...] = ()
    refunds: tuple[tuple[str, float], ...] = ()
    heard: EpochMillis = 0
    ends: tuple[tuple[EpochMillis, str], ...] = ()
    bare: bool = False


def checkout_key(checkout_token: str | None, cart_token: str | None) -> str | None:
    """Name the place browsers meet at: the checkout, else the cart; None when neither is told."""
    if not is_junk(checkout_token) and identifies(checkout_token):
        return checkout_token
    return cart_key(cart_token)


def cart_key(cart_token: str | None) -> str | None:
    """Name the place of a cart; None when it is none."""
    return f"{_CART}{cart_token}" if not is_junk(cart_token) and identifies(cart_token) else None


def places_of(checkout_token: str | None, cart_token: str | None) -> list[str]:
    """List the places at which the browsers of an order may have met: its checkout and its cart."""
    return [place for place in dict.fromkeys((checkout_key(checkout_token, None), cart_key(cart_token))) if place]


def order_key(order_id: str | None) -> str | None:
    """Name the place of an order; None when it is none."""
    return f"{_ORDER}{order_id}" if not is_junk(order_id) and identifies(order_id) else None


def is_order(place: str) -> bool:
    """Tell whether *place* is that of an order."""
    return place.startswith(_ORDER)


def token_of(place: str) -> str | None:
    """Name the checkout or the cart that *place* is; None for an order."""
    return None if place.startswith(_ORDER) else place


def take_use(state: CheckoutState, link: Link) -> CheckoutState:
    """Take at a checkout that a browser used it, and what it said there."""
    state, half = with_client(state, link), half_of(link)
    if half is None:
        return state
    state, event = with_context(state, half), half.event
    if event["name"] != "checkout_completed":
        return state
    order_id = event["order_id"]
    if order_id is not None and order_key(order_id):
        return with_owner(state, event["customer_id"], order_id, link["received_at"], event["event_id"])
    if state.unnamed is None or (half.position < state.unnamed.position and state.unnamed_for != ALONE):
        state = state._replace(unnamed=half)
    return _named(state)


def take_order(state: CheckoutState, link: Link) -> CheckoutState:
    """Take at a checkout that it became an order, and whose."""
    order_id = link["order_id"] or ""
    if all(known.order_id != order_id for known in state.orders):
        is_loose = link["checkout_token"] == link["identifier"] and link["identifier"].startswith(_CART)
        made = Made(link["occurred_at"], order_id, link["received_at"], is_loose)
        state = state._replace(orders=_earliest((*state.orders, made)))
    return _named(with_owner(state, link["customer_id"], order_id, link["received_at"], "order"))


def _earliest(orders: tuple[Made, ...]) -> tuple[Made, ...]:
    return orders if len(orders) <= MAX_ORDERS else tuple(each for each in orders if each != max(orders))


def take_end(state: CheckoutState, link: Link) -> CheckoutState:
    """Take at a cart that a checkout ended it."""
    ends = sorted({*state.ends, (link["occurred_at"], link["checkout_token"] or "")})
    return state._replace(ends=tuple(ends[:MAX_ORDERS]))


def _named(state: CheckoutState) -> CheckoutState:
    """Say which order a completion is of that names none: the one made first, whichever we heard of first."""
    if state.unnamed is None or state.unnamed_for == ALONE or not state.orders:
        return state
    return state._replace(unnamed_for=min(state.orders).order_id)


def with_context(state: CheckoutState, half: Half) -> CheckoutState:
    """Remember *half* if it is the last word of a browser here."""
    if state.context is not None and half.position <= state.context.position:
        return state
    return state._replace(context=half)


def with_client(state: CheckoutState, link: Link) -> CheckoutState:
    """Remember that the browser of *link* was here."""
    visitor, client = link["visitor_id"], link["client_id"]
    if visitor is None or client is None:
        return state
    if len(state.clients) >= MAX_CLIENTS:
        browsers = {each.visitor_id for each in state.clients}
        if visitor in browsers or len(browsers) >= MAX_BROWSERS:
            return state
    seen = Client(visitor, client, link["session_id"] or "", link["occurred_at"], link["event_id"], link["received_at"])
    return state if seen in state.clients else state._replace(clients=(*state.clients, seen))


def with_owner(
    state: CheckoutState, customer: str | None, order_id: str, received_at: EpochMillis, source: str
) -> CheckoutState:
    """Remember that *customer* made *order_id*, unless *source* has said so of it before."""
    room = MAX_OWNERS if source in _SHOPS else MAX_OWNERS // 2
    if customer is None or is_junk(customer) or not identifies(customer) or len(state.owners) >= room:
        return state
    if any((each.customer_id, each.order_id, each.source) == (customer, order_id, source) for each in state.owners):
        return state
    return state._replace(owners=(*state.owners, Owner(customer, order_id, received_at, source)))


def is_contested(state: CheckoutState, most_visitors: int) -> bool:
    """Tell whether more browsers than *most_visitors* use this checkout: then it links none of them to a customer."""
    if len(state.clients) <= most_visitors:
        return False
    return len({client.visitor_id for client in state.clients}) > most_visitors
