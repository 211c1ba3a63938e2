"""What came out of the pipeline, compared id by id with what was sent in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.sending import Sent

Ask = Callable[..., Sequence[tuple[Any, ...]]]
"""Asks ClickHouse: SQL text and its parameters in, rows out."""

EVENTS = """
SELECT event_id, count() FROM events FINAL
WHERE shop_id = {shop:String} AND source IN ('pixel', 'gif') GROUP BY event_id
"""
ORDERS = "SELECT order_id, count(), any(match) FROM orders FINAL WHERE shop_id = {shop:String} GROUP BY order_id"
PURCHASES = """
SELECT order_id, uniqExact(event_id) FROM events FINAL
WHERE shop_id = {shop:String} AND name = 'purchase' GROUP BY order_id
"""
CONVERSIONS = """
SELECT event_id, event_name, destination, status, count() FROM conversions FINAL
WHERE shop_id = {shop:String} GROUP BY event_id, event_name, destination, status
"""
COUNTS = """
SELECT
    (SELECT uniqExact(session_id) FROM sessions FINAL WHERE shop_id = {shop:String}) AS sessions,
    (SELECT uniqExact(person_id) FROM events_by_person WHERE shop_id = {shop:String}) AS persons,
    (SELECT count() FROM rejected FINAL WHERE shop_id = {shop:String}) AS rejected
"""


@dataclass(frozen=True)
class Outcome:
    """The closing figures: every one is from comparing ids, none from subtracting counts."""

    events_sent: int
    events_in_clickhouse: int
    orders_sent: int
    orders_in_clickhouse: int
    sessions: int
    persons: int
    conversions_accepted: int
    rejected: int
    lost: int
    duplicated: int


def compare(ask: Ask, shop: str, sent: Sent) -> Outcome:
    """Ask ClickHouse for every id of *shop* and hold it against what was *sent*.

    lost: ids that were accepted at the door and are not there; orders without their one Purchase count too.
    duplicated: ids with more than one row, orders with more than one Purchase, conversions with two outcomes.
    """
    events: dict[str, int] = dict(ask(EVENTS, shop=shop))
    orders = {order_id: rows for order_id, rows, _ in ask(ORDERS, shop=shop)}
    purchases: dict[str, int] = dict(ask(PURCHASES, shop=shop))
    receipts: dict[tuple[str, str, str], list[str]] = {}
    for event_id, name, destination, status, rows in ask(CONVERSIONS, shop=shop):
        receipts.setdefault((event_id, name, destination), []).extend([status] * rows)
    ((sessions, persons, rejected),) = ask(COUNTS, shop=shop)
    missing = [sent.accepted_ids - events.keys(), sent.order_ids - orders.keys(), sent.order_ids - purchases.keys()]
    more_than_one = [*events.values(), *orders.values(), *purchases.values(), *map(len, receipts.values())]
    return Outcome(
        events_sent=len(sent.accepted_ids),
        events_in_clickhouse=len(events.keys() & sent.accepted_ids),
        orders_sent=len(sent.order_ids),
        orders_in_clickhouse=len(orders.keys() & sent.order_ids),
        sessions=sessions,
        persons=persons,
        conversions_accepted=sum("accepted" in statuses for statuses in receipts.values()),
        rejected=rejected,
        lost=sum(map(len, missing)),
        duplicated=sum(rows > 1 for rows in more_than_one),
    )
