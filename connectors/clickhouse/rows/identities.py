"""Timelines become rows of `identity_overrides`, links become rows of `identity_log`."""

from typing import Final

from connectors.clickhouse.rows.values import NIL, Row
from schemas.identifiers import person_id
from schemas.records import Link, Timeline

OVERRIDE_COLUMNS: Final = ("shop_id", "visitor_id", "client_id", "starts", "customers", "persons", "version")
LOG_COLUMNS: Final = (
    *("shop_id", "link_id", "action", "identifier_type", "identifier"),
    *("visitor_id", "client_id", "checkout_token", "order_id", "customer_id", "session_id"),
    *("reason", "event_id", "occurred_at", "received_at"),
)


def override_row(timeline: Timeline) -> Row:
    """Write who one browser is over time; where nobody is known it is itself."""
    shop, visitor = timeline["shop_id"], timeline["visitor_id"]
    return [
        shop,
        visitor,
        timeline["client_id"],
        [start / 1000 for start in timeline["starts"]],
        timeline["customers"],
        [person_id(shop, customer) if customer else visitor for customer in timeline["customers"]],
        timeline["version"],
    ]


def link_row(link: Link) -> Row:
    """Write one piece of evidence."""
    return [
        link["shop_id"],
        link["link_id"],
        link["action"],
        link["identifier_type"],
        link["identifier"],
        link["visitor_id"] or NIL,
        link["client_id"] or "",
        link["checkout_token"] or "",
        link["order_id"] or "",
        link["customer_id"] or "",
        link["session_id"] or NIL,
        link["reason"],
        link["event_id"],
        link["occurred_at"] / 1000,
        link["received_at"] / 1000,
    ]
