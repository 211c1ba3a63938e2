"""What places tell browsers and each other, as `Link`s: whose an order was, and who used its checkout.

In: all that is known of a place. Out: all there is to say of it. What a record adds is the difference between before
and after; a replay says everything again, under the same names.
"""

from typing import Final

from schemas.identifiers import link_id, purchase_event_id
from schemas.records import EpochMillis, Link
from streams.rules.checkouts import (
    ALONE,
    CheckoutState,
    Client,
    Made,
    Owner,
    checkout_key,
    is_contested,
    order_key,
    token_of,
)
from streams.rules.halves import Half
from streams.rules.links import CONTESTED, LINK, UNLINK
from streams.rules.purchases import unnamed_purchase_id

ORDER: Final = "order"
CONTEXT: Final = "context"
UNNAMED: Final = "completed_unnamed"
ANOTHER: Final = "completed_another"
DEPARTED: Final = "sent_unnamed"
HOLD_OVER: Final = "hold_over"


def of_place(shop_id: str, place: str, state: CheckoutState, *, most_visitors: int) -> dict[str, Link]:
    """Write everything there is to say of a place, by link id."""
    if is_contested(state, most_visitors):
        links = [_contested(shop_id, place, client) for client in state.clients]
    else:
        links = [_owned(shop_id, place, client, owner) for client in state.clients for owner in state.owners]
    links += [link for checkout in state.checkouts for link in _to_checkout(shop_id, place, checkout, state)]
    links += _to_orders(shop_id, place, state)
    loose = [order for order in state.orders if order.is_loose] if state.ends else []
    links += [link for _, end in state.ends for order in loose for link in _to_end(shop_id, place, end, order, state)]
    return {link["link_id"]: link for link in links}


def _owned(shop_id: str, place: str, client: Client, owner: Owner) -> Link:
    """Tell a browser that used a checkout whose order it became."""
    said = (ORDER, client.visitor_id, client.event_id, owner.customer_id, owner.order_id, owner.source)
    return _empty(shop_id, said) | {
        "identifier_type": "visitor",
        "identifier": client.visitor_id,
        "visitor_id": client.visitor_id,
        "client_id": client.client_id,
        "checkout_token": token_of(place),
        "order_id": owner.order_id,
        "customer_id": owner.customer_id,
        "session_id": client.session_id or None,
        "event_id": purchase_event_id(shop_id, owner.order_id),
        "occurred_at": client.used_at,
        "received_at": max(client.received_at, owner.received_at),
    }


def _contested(shop_id: str, place: str, client: Client) -> Link:
    """Take back from a browser whatever a checkout told it, for too many use that."""
    return _empty(shop_id, (CONTESTED, place, client.visitor_id)) | {
        "action": UNLINK,
        "identifier_type": "visitor",
        "identifier": client.visitor_id,
        "visitor_id": client.visitor_id,
        "client_id": client.client_id,
        "checkout_token": place,
        "event_id": client.event_id,
        "occurred_at": client.used_at,
        "received_at": client.received_at,
    }


def _to_checkout(shop_id: str, place: str, checkout: str, state: CheckoutState) -> list[Link]:
    """Tell the checkout of an order that it became this order, and whose."""
    opening = state.order.opening if state.order is not None else None
    if opening is None:
        return []
    owners = state.owners or (Owner("", opening["order_id"], opening["received_at"], ""),)
    return [
        _empty(shop_id, (ORDER, place, checkout, owner.customer_id))
        | {
            "identifier": checkout,
            "checkout_token": checkout_key(opening["checkout_token"], None) or checkout,
            "order_id": owner.order_id,
            "customer_id": owner.customer_id or None,
            "event_id": purchase_event_id(shop_id, owner.order_id),
            "occurred_at": opening["occurred_at"],
            "received_at": owner.received_at,
        }
        for owner in owners
    ]


def _to_end(shop_id: str, cart: str, checkout: str, order: Made, state: CheckoutState) -> list[Link]:
    """Tell a checkout that ended a cart which order it became, as the shop names only the cart, and whose.

    Of several every one: which was the first may turn out later, and what was said once cannot be unheard.
    """
    made_at, order_id, received_at, _ = order
    owners = [each for each in state.owners if each.order_id == order_id] or [Owner("", order_id, received_at, "")]
    return [
        _empty(shop_id, (ORDER, cart, checkout, order_id, owner.customer_id))
        | {
            "identifier": checkout,
            "checkout_token": checkout,
            "order_id": order_id,
            "customer_id": owner.customer_id or None,
            "event_id": purchase_event_id(shop_id, order_id),
            "occurred_at": made_at,
            "received_at": owner.received_at,
        }
        for owner in owners
    ]


def _to_orders(shop_id: str, place: str, state: CheckoutState) -> list[Link]:
    """Tell the orders of a place what browsers said there."""
    links = []
    if state.context is not None:
        links += [_said(shop_id, place, order.order_id, CONTEXT, state.context) for order in state.orders]
    if state.unnamed is None or not state.orders:
        return links
    first = state.orders[0]
    for order in state.orders[1:]:
        if order < first:
            links.append(_said(shop_id, place, first.order_id, ANOTHER, state.unnamed) | {"event": None})
            first = order
    return [*links, _lent(shop_id, place, first.order_id, state.unnamed, departed=state.unnamed_for == ALONE)]


def _lent(shop_id: str, place: str, order_id: str, unnamed: Half, *, departed: bool) -> Link:
    """Tell an order that a completion which names none is its own."""
    if not departed:
        return _said(shop_id, place, order_id, UNNAMED, unnamed)
    return _said(shop_id, place, order_id, DEPARTED, unnamed) | {"event_id": unnamed_purchase_id(shop_id, place)}


def _said(shop_id: str, place: str, order_id: str, reason: str, half: Half) -> Link:
    event = half.event
    return _empty(shop_id, (reason, place, order_id, event["event_id"])) | {
        "identifier": order_key(order_id) or "",
        "visitor_id": event["visitor_id"],
        "client_id": event["client_id"],
        "checkout_token": token_of(place),
        "order_id": order_id,
        "customer_id": half.customer_id,
        "session_id": half.session_id or None,
        "event_id": event["event_id"],
        "occurred_at": event["occurred_at"],
        "received_at": event["received_at"],
        "event": event,
    }


def of_hold_over(shop_id: str, place: str, order_id: str, *, deadline: EpochMillis, received_at: EpochMillis) -> Link:
    """Say that what waits at a place has waited for its other half long enough: it leaves as it is.

    As a record on the place's own partition it is taken in order with everything else, and a replay repeats it.
    """
    return _empty(shop_id, (HOLD_OVER, place, order_id)) | {
        "identifier": place,
        "checkout_token": token_of(place),
        "order_id": order_id or None,
        "event_id": purchase_event_id(shop_id, order_id) if order_id else unnamed_purchase_id(shop_id, place),
        "occurred_at": deadline,
        "received_at": received_at,
    }


def _empty(shop_id: str, said: tuple[str, ...]) -> Link:
    """Begin a link to a place; the first word of what is *said* is the reason."""
    return {
        "link_id": link_id(shop_id, *said),
        "shop_id": shop_id,
        "action": LINK,
        "identifier_type": "checkout",
        "identifier": "",
        "visitor_id": None,
        "client_id": None,
        "checkout_token": None,
        "order_id": None,
        "customer_id": None,
        "session_id": None,
        "reason": said[0],
        "event_id": "",
        "occurred_at": 0,
        "received_at": 0,
        "event": None,
    }
