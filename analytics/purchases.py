"""Tells in words why a purchase belongs to a visit: a row comes in, a sentence goes out. Pure."""

from datetime import datetime
from typing import Final, NamedTuple

_HALVES: Final = {
    "matched": "the shop's webhook and the browser's pixel met on it",
    "late": "the shop's webhook and the browser's pixel met on it, one of them after the purchase had left",
    "held": "its other half is waited for",
    "webhook_only": "only the shop's webhook told of it",
    "pixel_only": "only the browser's pixel told of it",
}


class Purchase(NamedTuple):
    """One order, and the visit it was made in where that is known."""

    order_id: str
    match: str
    checkout_token: str
    client_id: str
    ordered_at: datetime
    visit_known: bool
    started_at: datetime
    arrived_from: str
    campaign: str


def attribution(purchase: Purchase) -> str:
    """Say whose visit the order was made in, and by what we know it."""
    halves = f"{purchase.match}: {_HALVES.get(purchase.match, 'see the table orders')}"
    told = f"Order {purchase.order_id} of {purchase.ordered_at:%Y-%m-%d %H:%M:%S} is {halves}."
    if not purchase.visit_known:
        return f"{told} No visit is known that used its checkout, so it belongs to none."
    checkout = f"checkout {purchase.checkout_token}" if purchase.checkout_token else "its checkout"
    why = f"the last that used {checkout}" if purchase.match == "webhook_only" else f"which completed {checkout}"
    campaign = f", campaign {purchase.campaign}" if purchase.campaign else ""
    visit = f"the visit of {purchase.started_at:%Y-%m-%d %H:%M:%S} (from {purchase.arrived_from}{campaign})"
    return f"{told} It belongs to {visit} of browser {purchase.client_id}, {why}."
