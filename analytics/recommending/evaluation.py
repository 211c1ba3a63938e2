"""Measures recommenders offline: visits and a ranking go in, hit rate, MRR, nDCG, coverage and popularity come out.

The protocols are the literature's (Ludewig and Jannach, UMUAI 2018, https://arxiv.org/abs/1803.09587): the visit is
revealed item by item and the next one is to be guessed, or all but the last are revealed at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log2
from random import Random
from typing import NamedTuple

Items = Sequence[int]
Ranking = Callable[[Items, float], Items]
"""From what a visit saw, in order, and the time in seconds since 1970, to the items to show, the best first."""


class Visit(NamedTuple):
    """A visit. *ended_at* in seconds since 1970."""

    ended_at: float
    items: Items


class Case(NamedTuple):
    """What is revealed, and the item to be guessed."""

    seen: Items
    target: int
    at: float


class Quality(NamedTuple):
    """How good a ranking is. Each is between 0 and 1, and more is better but for *popularity*."""

    hit_rate: float
    """Share of cases in which the target was shown. With one target this is also the recall."""
    mrr: float
    """Mean of 1 / place of the target; 0 where it was not shown."""
    ndcg: float
    """Mean of 1 / log2(1 + place of the target); 0 where it was not shown."""
    coverage: float
    """Share of all items that were shown to anybody."""
    popularity: float
    """Mean popularity of what was shown, that of the most popular item being 1: near 1 shows everybody the same."""


def next_items(visits: Iterable[Visit]) -> Iterator[Case]:
    """Reveal each visit item by item: a visit of n items is n - 1 cases."""
    for visit in visits:
        for place in range(1, len(visit.items)):
            yield Case(visit.items[:place], visit.items[place], visit.ended_at)


def last_items(visits: Iterable[Visit]) -> Iterator[Case]:
    """Leave the last item of each visit out."""
    for visit in visits:
        yield Case(visit.items[:-1], visit.items[-1], visit.ended_at)


def any_items(visits: Iterable[Visit], seed: int = 1) -> Iterator[Case]:
    """Leave a random item of each visit out and shuffle the others: the order then tells nothing."""
    chance = Random(seed)  # noqa: S311 - no secret
    for visit in visits:
        *seen, target = chance.sample(visit.items, len(visit.items))
        yield Case(seen, target, visit.ended_at)


def measure(ranking: Ranking, cases: Iterable[Case], popularity: Sequence[float], *, top: int = 20) -> Quality:
    """Measure the first *top* of *ranking*; *popularity* counts each item in the visits it was built from.

    Raises:
        ValueError: there is no case.
    """
    count, hits, reciprocal, gain = 0, 0, 0.0, 0.0
    shown: set[int] = set()
    popular, places, most = 0.0, 0, max(popularity)
    for case in cases:
        ranked = list(ranking(case.seen, case.at))[:top]
        count += 1
        shown.update(ranked)
        popular += sum(popularity[item] for item in ranked) / most
        places += len(ranked)
        if case.target in ranked:
            place = ranked.index(case.target) + 1
            hits += 1
            reciprocal += 1 / place
            gain += 1 / log2(1 + place)
    if not count:
        raise ValueError("no case to measure with")
    return Quality(
        hits / count, reciprocal / count, gain / count, len(shown) / len(popularity), popular / max(places, 1)
    )
