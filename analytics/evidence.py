"""Reads from ClickHouse what `analytics.identities` tells of: an id comes in, all that it leads to goes out."""

from typing import Any, Final

from analytics.identities import Device, Evidence, Known
from analytics.lookups import look_up
from analytics.purchases import Purchase
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"

# Of what an id was found as, that which says most comes first.
_KINDS: Final = ("person", "customer", "visitor", "client", "visit", "checkout", "cart", "order")
_WITH_PURCHASES: Final = ("visit", "checkout", "cart", "order")
_PLACES: Final = ("order:", "cart:")
"""What `identity_log` writes before an order and a cart."""


def known_of(asked: str, shop_id: str = "", clickhouse: ClickHouseSettings | None = None) -> Known:
    """Find what the id *asked* leads to: a person, visitor, client, visit, customer, checkout, cart or order.

    Raises:
        ConfigurationError: nothing is known by the id, or several shops know it and none is named.
        TransientError: ClickHouse does not answer.
    """
    for place in _PLACES:
        asked = asked.removeprefix(place)
    if not asked:
        raise ConfigurationError("name an id: nobody has an empty one")
    subjects = look_up("identity_subjects", clickhouse, id=asked, shop=shop_id)
    shops = sorted({row["shop_id"] for row in subjects})
    if len(shops) != 1:
        hint = f"several shops know {asked}; name one: {', '.join(shops)}" if shops else f"nothing is known by {asked}"
        raise ConfigurationError(hint)
    kind = min((row["known_as"] for row in subjects), key=_KINDS.index)
    rows = [row for row in subjects if row["known_as"] == kind]
    customers = sorted({customer for row in rows for customer in row["customers"]})
    visitors = sorted({str(row["visitor_id"]) for row in rows} - {_NOBODY})
    devices = devices_of(shops[0], visitors, customers, clickhouse)
    evidence = evidence_of(shops[0], [each.visitor_id for each in devices], clickhouse)
    orders = look_up("identity_orders", clickhouse, shop=shops[0], id=asked) if kind in _WITH_PURCHASES else []
    purchases = tuple(Purchase(**row) for row in orders)
    return Known(shops[0], asked, kind, tuple(customers), tuple(devices), tuple(evidence), purchases)


def devices_of(
    shop_id: str, visitors: list[str], customers: list[str], clickhouse: ClickHouseSettings | None = None
) -> list[Device]:
    """Read of the browsers *visitors*, and of all that were ever linked to *customers*. Raises as above."""
    rows = look_up("identity_devices", clickhouse, shop=shop_id, visitors=visitors, customers=customers)
    return [
        Device(**{**row, "starts": tuple(row["starts"]), "customers": tuple(row["customers"])})
        for row in rows
        if not row["client_id"].startswith("order:")  # stands for an order no browser told of
    ]


def evidence_of(shop_id: str, visitors: list[str], clickhouse: ClickHouseSettings | None = None) -> list[Evidence]:
    """Read the evidence about the browsers *visitors*, as it came. Raises as above."""
    rows: list[dict[str, Any]] = look_up("identity_evidence", clickhouse, shop=shop_id, visitors=visitors)
    return [Evidence(**row) for row in rows]
