"""Ours as they are served: visits go into ClickHouse as the archive writes them, rankings come out of a snapshot."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from analytics.migrate import migrate
from analytics.recommending.choosing import Asked, candidates, choose
from analytics.recommending.evaluation import Items, Ranking
from analytics.recommending.models import Model, Placement
from analytics.recommending.snapshots import Snapshot, load
from connectors.clickhouse.inserts import Inserter
from schemas.settings import ClickHouseSettings
from tests.benchmarks.session_files import NamedVisit

SHOP = "benchmark"
TOP = 20
ROWS = 20_000
MODELS: tuple[Model, ...] = (
    *("popular", "next_item", "viewed_together", "bought_together", "item_knn", "ease", "session_knn"),
)
PLACEMENTS: tuple[Placement, ...] = ("home", "cart")

EVENT = (
    *("shop_id", "event_id", "name", "seq", "occurred_at", "received_at"),
    *("visitor_id", "session_id", "person_id_then", "product_id"),
)
EVENT_COLUMNS = (*EVENT, "items.product_id", "items.quantity", "version")
ORDER_COLUMNS = ("shop_id", "order_id", "status", "ordered_at", "items.product_id", "items.quantity", "version")


def archive(clickhouse: ClickHouseSettings, visits: Sequence[NamedVisit]) -> float:
    """Write each visit as views of its products and as an order of them; returns the end of the last, in seconds."""
    migrate(clickhouse)
    inserter = Inserter(clickhouse)
    views, orders = [], []
    for number, (at, products) in enumerate(visits, start=1):
        visit = str(UUID(int=number))
        for place, product in enumerate(products):
            event = [SHOP, f"{number}-{place}", "product_viewed", place, at, at, visit, visit, visit, product]
            views.append([*event, [product], [1], 1])
        bought = list(dict.fromkeys(products))
        orders.append([SHOP, str(number), "paid", at, bought, [1] * len(bought), 1])
    for table, columns, rows in (("events", EVENT_COLUMNS, views), ("orders", ORDER_COLUMNS, orders)):
        for begin in range(0, len(rows), ROWS):
            inserter.raw(table, columns, rows[begin : begin + ROWS])
    inserter.close()
    return visits[-1].ended_at + 1


def ours(client: Any, numbers: Mapping[str, int], *, repeats: bool) -> Iterator[tuple[str, Ranking]]:
    """Yield each model's ranking, and those of whole chains as they are served: these never show what was seen."""
    snapshot = load(client, SHOP)
    names = list(numbers)
    for model in MODELS:
        yield f"ours {model}", _alone(snapshot, model, names, numbers, repeats=repeats)
    for placement in PLACEMENTS:
        yield f"ours as served: {placement}", _served(snapshot, placement, names, numbers)


def _alone(snapshot: Snapshot, model: Model, names: list[str], numbers: Mapping[str, int], *, repeats: bool) -> Ranking:
    def ranking(seen: Items, at: float) -> Items:
        asked = Asked(placement="home", n=TOP, seen=[names[item] for item in seen])
        found = (numbers[each.product_id] for each in candidates(snapshot, asked, model, at))
        return list(islice((item for item in found if repeats or item not in seen), TOP))

    return ranking


def _served(snapshot: Snapshot, placement: Placement, names: list[str], numbers: Mapping[str, int]) -> Ranking:
    def ranking(seen: Items, at: float) -> Items:
        asked = Asked(placement=placement, n=TOP, seen=[names[item] for item in seen])
        return [numbers[each.product_id] for each in choose(snapshot, asked, at)]

    return ranking
