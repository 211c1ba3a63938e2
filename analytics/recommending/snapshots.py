"""What is served from memory: a shop's current generation goes in, lists and an index of visits come out.

A snapshot never changes. A newer one takes its place whole, so a reader is never between two generations.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.recommending.building import statement
from analytics.recommending.models import LISTED
from analytics.recommending.session_knn import SessionKnn, Visits

MOST_VISITS: Final = 300_000
"""How many of the latest visits are kept in memory: about 100 bytes each."""
MOST_NEW: Final = 200


class Ranked:
    """What to recommend beside what: for each context a list of products, the best first."""

    def __init__(self, contexts: Sequence[str], products: Sequence[int], scores: Sequence[float]) -> None:
        """Take rows ordered by context and rank; products as numbers."""
        self._products = np.array(products, np.int32)
        self._scores = np.array(scores, np.float64)
        self._rows: dict[str, tuple[int, int]] = {}
        begin = 0
        for place, context in enumerate(contexts, start=1):
            if place == len(contexts) or contexts[place] != context:
                self._rows[context] = (begin, place)
                begin = place

    def beside(self, context: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the products beside *context* and their scores, the best first."""
        begin, end = self._rows.get(context, (0, 0))
        return self._products[begin:end], self._scores[begin:end]


class Shelf(NamedTuple):
    """What the catalog says. Without a catalog (*known* False) everything may be shown."""

    known: bool
    sellable: frozenset[str]
    categories: Mapping[str, str]
    newest: tuple[str, ...]


class Snapshot(NamedTuple):
    """One shop's recommendations. *generations* says of which build."""

    generations: Mapping[str, int]
    names: list[str]
    numbers: Mapping[str, int]
    lists: Mapping[str, Ranked]
    visits: SessionKnn
    shelf: Shelf

    def may_show(self, product: str) -> bool:
        """Tell whether *product* is on sale and in stock."""
        return not self.shelf.known or product in self.shelf.sellable


def generations_of(client: Any, shop: str) -> dict[str, int]:
    """Ask which generation of each model is in use."""
    sql = "SELECT model, generation FROM recommendation_generations FINAL WHERE shop_id = {shop:String}"
    return dict(client.query(sql, {"shop": shop}).result_rows)


def load_shelf(client: Any, shop: str) -> Shelf:
    """Read what is on sale and in stock now."""
    rows = client.query(statement("catalog"), {"shop": shop}).result_rows
    sellable = [product for product, _, on_sale, in_stock, _ in rows if on_sale and in_stock]
    categories = {product: category for product, category, *_ in rows}
    return Shelf(bool(rows), frozenset(sellable), categories, tuple(sellable[:MOST_NEW]))


def load(client: Any, shop: str) -> Snapshot:
    """Read the generation in use. Raises what the driver raises."""
    generations = generations_of(client, shop)
    rows = {model: _list_rows(client, shop, model, generations[model]) for model in LISTED if model in generations}
    ended_at, baskets = _visit_rows(client, shop, generations.get("viewed", 0))
    numbers: dict[str, int] = {}
    for name in chain(*(products for _, products, _ in rows.values()), *baskets):
        numbers.setdefault(name, len(numbers))
    lists: dict[str, Ranked] = {
        model: Ranked(contexts, [numbers[name] for name in products], scores)
        for model, (contexts, products, scores) in rows.items()
    }
    items = np.fromiter((numbers[name] for name in chain(*baskets)), np.int32)
    starts = np.concatenate(([0], np.cumsum([len(basket) for basket in baskets], dtype=np.int64)))
    visits = Visits(items, starts.astype(np.int64), np.array(ended_at, np.float64))
    knn = SessionKnn(visits, len(numbers))
    return Snapshot(generations, list(numbers), numbers, lists, knn, load_shelf(client, shop))


def _list_rows(client: Any, shop: str, model: str, generation: int) -> Sequence[Any]:
    columns = client.query(
        "SELECT context, product_id, score FROM recommendations WHERE shop_id = {shop:String}"
        " AND model = {model:String} AND generation = {generation:UInt64} ORDER BY context, `rank`",
        {"shop": shop, "model": model, "generation": generation},
    ).result_columns
    return columns or ([], [], [])


def _visit_rows(client: Any, shop: str, generation: int) -> Sequence[Any]:
    columns = client.query(
        "SELECT toUnixTimestamp64Milli(ended_at) / 1000, products FROM"
        " (SELECT ended_at, products, basket FROM recommendation_baskets WHERE shop_id = {shop:String}"
        " AND source = 'viewed' AND generation = {generation:UInt64} AND length(products) > 1"
        " ORDER BY ended_at DESC, basket LIMIT {most:UInt32}) ORDER BY ended_at, basket",
        {"shop": shop, "generation": generation, "most": MOST_VISITS},
    ).result_columns
    return columns or ([], [])
