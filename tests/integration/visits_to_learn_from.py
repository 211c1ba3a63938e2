"""Visits that recommendations are made of: what is near in number is looked at together."""

import random
from collections import defaultdict
from typing import Any, NamedTuple
from uuid import UUID

from analytics.recommending.models import BASKETS
from connectors.clickhouse.inserts import Inserter
from schemas.settings import ClickHouseSettings

DAY = 86_400.0
EVENTS = (
    *("shop_id", "event_id", "name", "seq", "occurred_at", "received_at", "visitor_id", "session_id", "person_id_then"),
    *("product_id", "items.product_id", "items.category", "items.quantity", "version"),
)
SESSIONS = ("shop_id", "session_id", "visitor_id", "started_at", "ended_at", "device", "version")
ORDERS = (
    *("shop_id", "order_id", "status", "ordered_at", "visitor_id", "value", "currency"),
    *("items.product_id", "items.quantity", "items.title", "version"),
)
PRODUCTS = (
    *("shop_id", "product_id", "variant_id", "changed_at", "received_at", "action", "status", "category"),
    *("inventory_item_id", "inventory_quantity"),
)
LEVELS = ("shop_id", "inventory_item_id", "location_id", "changed_at", "received_at", "available")
GOODS = [f"p{number:02}" for number in range(25)]


class Visit(NamedTuple):
    """What one visitor looked at, in order; *bought* is what was ordered in it."""

    number: int
    at: float
    products: list[str]
    device: str
    bought: list[str]
    cancelled: bool


def some_visits(until: float) -> list[Visit]:
    """A few hundred visits; products with near numbers are looked at together. Some are bots, one never ends."""
    chance = random.Random(5)
    visits = []
    for number in range(1, 401):
        middle = chance.randrange(len(GOODS))
        products = [GOODS[(middle + chance.randrange(-2, 3)) % len(GOODS)] for _ in range(chance.randrange(1, 9))]
        bought = sorted(set(products))[: chance.randrange(0, 4)] if chance.random() < 0.4 else []
        device = "bot" if number % 20 == 0 else "mobile"
        at = until - chance.uniform(0.1, 60) * DAY
        visits.append(Visit(number, at, products, device, bought, chance.random() < 0.1))
    crawler = [chance.choice(GOODS) for _ in range(BASKETS["viewed"].most_views + 1)]
    long = [chance.choice(GOODS[:5]) for _ in range(100)]
    return [
        *visits,
        Visit(900, until - DAY, crawler, "mobile", [], False),
        Visit(901, until - DAY, long, "mobile", [], False),
    ]


def write(clickhouse: ClickHouseSettings, shop: str, visits: list[Visit]) -> None:
    """Write the visits, every row twice."""
    rows = defaultdict[str, list[list[Any]]](list)
    for visit in visits:
        who = str(UUID(int=visit.number))
        for place, product in enumerate(visit.products):
            at = visit.at + place // 2  # two at a time: seq tells which was first
            head = [shop, f"{visit.number}-{place}", "product_viewed", place, at, at, who, who, who]
            rows["events"].append([*head, product, [product], [category_of(product)], [1], 1])
        rows["sessions"].append([shop, who, who, visit.at, visit.at, visit.device, 1])
        if visit.bought:
            status = "cancelled" if visit.cancelled else "paid"
            ones, at = [1] * len(visit.bought), visit.at + 600
            order = [shop, f"o{visit.number}", status, at, who, 10 * len(visit.bought), "EUR", visit.bought, ones]
            rows["orders"].append([*order, [f"Title {each}" for each in visit.bought], 1])
            head = [shop, f"b{visit.number}", "purchase", None, at, at, who, who, who, ""]
            rows["events"].append([*head, visit.bought, [category_of(each) for each in visit.bought], ones, 1])
    inserter = Inserter(clickhouse)
    for table, columns in (("events", EVENTS), ("sessions", SESSIONS), ("orders", ORDERS)):
        for _ in range(2):
            inserter.raw(table, columns, rows[table])
    inserter.close()


def category_of(product: str) -> str:
    return f"c{int(product[1:]) % 3}"
