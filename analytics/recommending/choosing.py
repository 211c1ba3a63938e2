"""Chooses what to show: a snapshot and what is known of the visit go in, products with their reasons come out. Pure.

Models are asked one after the other, as `models.CHAINS` says for the placement, until there are enough products. What
cannot be bought, what the visitor looks at already and what the person has bought is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from analytics.recommending.models import CHAINS, REASONS, Placement
from analytics.recommending.snapshots import Snapshot

FADING: Final = {"ease": 1.0, "bought_together": 1.0}
"""How much less each product before the last one of a visit counts in lists; 0.8 unless told. Orders have no order."""
LAST: Final = 100
"""How many products of a visit lists are looked up for."""
NEAREST: Final = 20
"""How much of each list counts where several are added up: what comes after only adds noise."""


class Asked(NamedTuple):
    """What is known where something is to be shown. *seen* in order of time; *strategy* is a model to ask first."""

    placement: Placement = "product"
    n: int = 10
    product: str | None = None
    seen: Sequence[str] = ()
    excluded: frozenset[str] = frozenset()
    categories: Sequence[str] = ()
    strategy: str | None = None


class Recommendation(NamedTuple):
    """A product to show. *because* names the products that speak for it; scores compare within a model only."""

    product_id: str
    model: str
    score: float
    because: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why, in words."""
        return " ".join((REASONS[self.model], *(("with", ", ".join(self.because)) if self.because else ())))


def choose(snapshot: Snapshot, asked: Asked, now: float) -> list[Recommendation]:
    """Choose at most *asked.n* products; fewer only where the shop has no more. *now* in seconds since 1970."""
    taken = {*asked.excluded, *asked.seen, asked.product}
    chosen: list[Recommendation] = []
    first = (asked.strategy,) if asked.strategy else ()
    for model in dict.fromkeys((*first, *CHAINS[asked.placement], "popular", "catalog")):
        for each in candidates(snapshot, asked, model, now):
            if len(chosen) == asked.n:
                return chosen
            if each.product_id not in taken and snapshot.may_show(each.product_id):
                taken.add(each.product_id)
                chosen.append(each)
    return chosen


def candidates(snapshot: Snapshot, asked: Asked, model: str, now: float) -> Iterator[Recommendation]:
    """Yield what *model* alone would show, the best first, with what is seen or sold out still among it."""
    match model:
        case "catalog":
            return (Recommendation(name, model, 0.0, ()) for name in snapshot.shelf.newest)
        case "popular":
            return _listed(snapshot, model, "", ())
        case "popular_in_category":
            return (each for name in _categories(snapshot, asked) for each in _listed(snapshot, model, name, ()))
        case "session_knn":
            return _like_this_visit(snapshot, asked, now)
    if asked.placement == "product" and asked.product is not None:
        return _listed(snapshot, model, asked.product, (asked.product,))
    return _beside_several(snapshot, model, list(dict.fromkeys(reversed(_visit(asked))))[:LAST])


def _visit(asked: Asked) -> list[str]:
    return [*asked.seen, asked.product] if asked.product is not None else list(asked.seen)


def _categories(snapshot: Snapshot, asked: Asked) -> list[str]:
    of_visit = (snapshot.shelf.categories.get(product, "") for product in reversed(_visit(asked)))
    return [name for name in dict.fromkeys((*of_visit, *asked.categories)) if name]


def _listed(snapshot: Snapshot, model: str, context: str, because: tuple[str, ...]) -> Iterator[Recommendation]:
    if model in snapshot.lists:
        products, scores = snapshot.lists[model].beside(context)
        for number, score in zip(products.tolist(), scores.tolist(), strict=True):
            yield Recommendation(snapshot.names[number], model, score, because)


def _beside_several(snapshot: Snapshot, model: str, contexts: Sequence[str]) -> Iterator[Recommendation]:
    """Add up the lists of *contexts*, the latest first."""
    if model not in snapshot.lists:
        return
    fading = FADING.get(model, 0.8)
    total, most, speaker = dict[int, float](), dict[int, float](), dict[int, str]()
    for place, context in enumerate(contexts):
        products, scores = snapshot.lists[model].beside(context)
        near = zip(products[:NEAREST].tolist(), (scores[:NEAREST] * fading**place).tolist(), strict=True)
        for number, score in near:
            total[number] = total.get(number, 0.0) + score
            if score > most.get(number, 0.0):
                most[number], speaker[number] = score, context
    for number in sorted(total, key=lambda each: (-total[each], each)):
        yield Recommendation(snapshot.names[number], model, total[number], (speaker[number],))


def _like_this_visit(snapshot: Snapshot, asked: Asked, now: float) -> Iterator[Recommendation]:
    known = [product for product in _visit(asked) if product in snapshot.numbers]
    if not known:
        return
    scores = snapshot.visits.scores([snapshot.numbers[product] for product in known], now)
    wanted = min(len(scores), 20 * asked.n + len(known) + len(asked.excluded))
    best = np.argpartition(-scores, wanted - 1)[:wanted]
    for number in best[np.lexsort((best, -scores[best]))].tolist():
        if scores[number] <= 0:
            return
        yield Recommendation(snapshot.names[number], "session_knn", float(scores[number]), tuple(known[-1:]))
