"""Session-kNN beside the same rules written as plain loops."""

import random
from math import exp, log

import numpy as np
import pytest

from analytics.recommending.session_knn import DAY_SECONDS, Rules, SessionKnn, Visits

ITEMS = 12


def visits_of(visits: list[tuple[float, list[int]]]) -> Visits:
    starts = np.cumsum([0, *(len(items) for _, items in visits)])
    items = np.array([item for _, items in visits for item in items], np.int32)
    return Visits(items, starts, np.array([at for at, _ in visits]))


def plainly(visits: list[tuple[float, list[int]]], rules: Rules, seen: list[int], now: float) -> list[float]:
    """Score as STAN and VSTAN say, without an index; visits hold no item twice, and none is left out."""
    held = [sum(item in items for _, items in visits) for item in range(ITEMS)]
    rare = [log(1 + len(visits) / max(count, 1)) ** rules.rarity for count in held]
    near = []
    for at, items in visits:
        shared = [place for place, item in enumerate(seen) if item in items]
        if shared:
            weights = [exp(-(len(seen) - 1 - place) / rules.seen_decay) * rare[seen[place]] for place in shared]
            similarity = sum(weights) / len(items) ** rules.size_power * exp(-(now - at) / DAY_SECONDS / 2.0)
            near.append((similarity, items, items.index(seen[shared[-1]])))
    scores = [0.0] * ITEMS
    for similarity, items, shared_at in sorted(near, key=lambda each: -each[0])[: rules.neighbours]:
        for place, item in enumerate(items):
            scores[item] += similarity * exp(-abs(place - shared_at) / rules.near_decay) * rare[item]
    return scores


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_plain_loops(seed: int) -> None:
    chance = random.Random(seed)
    visits = [(1e9 + n * 9_000.0, chance.sample(range(ITEMS), chance.randrange(2, 7))) for n in range(60)]
    rules = Rules(neighbours=15, age_decay_days=2.0)
    knn = SessionKnn(visits_of(visits), ITEMS, rules)
    for _ in range(20):
        seen, now = chance.sample(range(ITEMS), chance.randrange(1, 6)), 1e9 + 60 * 9_000.0

        assert knn.scores(seen, now) == pytest.approx(plainly(visits, rules, seen, now))


def test_nothing_speaks_for_anything_where_nothing_is_known() -> None:
    empty = SessionKnn(visits_of([]), ITEMS)
    knn = SessionKnn(visits_of([(1.0, [1, 2])]), ITEMS)

    assert not empty.scores([1], 2.0).any()
    assert not knn.scores([], 2.0).any()
    assert not knn.scores([7], 2.0).any()


def test_a_bestseller_costs_no_more_than_its_latest_visits() -> None:
    visits = [(float(n), [0, 1 + n % (ITEMS - 1)]) for n in range(1_000)]
    few = SessionKnn(visits_of(visits), ITEMS, Rules(postings=11, sample=11))
    scores = few.scores([0], 1_000.0)

    assert (scores[1:] > 0).all()
    assert scores[1:].max() == pytest.approx(scores[1:].min(), rel=0.2)
