"""Tells which customer, checkout and order an event is evidence of; what identifies nobody is counted, and is none."""

from typing import Final

from schemas.identifiers import is_junk
from schemas.records import Event
from streams.rules.checkouts import checkout_key, order_key
from streams.rules.identities import identifies
from streams.rules.links import COMPLETED
from streams.rules.visitors import Shown
from streams.stitching.outcomes import Outcome

_NOTHING: Final = Shown()


def shown_by(event: Event, outcome: Outcome) -> Shown:
    """Tell what *event* shows, and count the junk in *outcome*."""
    customer, token, cart = event["customer_id"], event["checkout_token"], event["cart_token"]
    completed = event["name"] == COMPLETED
    if customer is None and token is None and cart is None and not completed:
        return _NOTHING
    if is_junk(event["client_id"]) or not identifies(event["client_id"]):
        outcome.count("junk", "client")
        return _NOTHING
    if customer is not None and (is_junk(customer) or not identifies(customer)):
        outcome.count("junk", "customer")
        customer = None
    if token is not None and (is_junk(token) or not identifies(token)):
        outcome.count("junk", "checkout")
    return Shown(customer, checkout_key(token, cart), order_key(event["order_id"]) if completed else None)
