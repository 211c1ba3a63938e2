"""Session-kNN: past visits and the visit at hand go in, scores of what may come next go out. Nothing is trained.

The rules are those of STAN (Garg et al., SIGIR 2019, https://doi.org/10.1145/3331184.3331322) and VSTAN (Ludewig et
al., UMUAI 2020, https://arxiv.org/abs/1910.12781): items seen lately count more, visits made lately count more, what
stands near the shared item counts more, rare items count more. An inverted index finds the visits to compare.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY_SECONDS: Final = 86_400.0


class Rules(NamedTuple):
    """How visits are compared. A decay of 0 switches its rule off."""

    neighbours: int = 500
    """How many of the most similar visits have a say."""
    sample: int = 2_500
    """How many of the latest visits that share an item are compared at all: what bounds the time of an answer."""
    postings: int = 5_000
    """How many of an item's latest visits are looked at: a bestseller must not cost more than others."""
    last_items: int = 30
    """How many of the visit's last items count."""
    seen_decay: float = 3.0
    """STAN's lambda 1, in places: how fast the weight of an item of the visit at hand falls with its distance."""
    age_decay_days: float = 0.0
    """STAN's lambda 2: how fast a visit's weight falls with its age."""
    near_decay: float = 3.0
    """STAN's lambda 3, in places: how fast an item's weight falls with its distance to the shared one."""
    rarity: float = 1.0
    """VSTAN's idf, with 1 added so that what is in every visit counts a little: 0 counts rare and frequent alike."""
    size_power: float = 0.5
    """A visit of n items is divided by n to this power: 0.5 is the cosine."""


class Visits(NamedTuple):
    """Past visits, the oldest first: items of visit v are items[starts[v]:starts[v + 1]], in order of time."""

    items: NDArray[np.int32]
    starts: Ints
    ended_at: Floats
    """Seconds since 1970."""


class SessionKnn:
    """The index. Built once from *visits*; afterwards only read, so threads may share it."""

    def __init__(self, visits: Visits, items: int, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._visits, self._count = visits, items
        sizes = np.diff(visits.starts)
        visit_of = np.repeat(np.arange(len(sizes)), sizes)
        order = np.lexsort((visit_of, visits.items))
        self._posted = visit_of[order]
        self._places = (np.arange(len(visits.items)) - visits.starts[visit_of])[order]
        held = np.bincount(visits.items, minlength=items)
        self._posted_from = np.concatenate(([0], np.cumsum(held)))
        self._rarity = np.log1p(len(sizes) / np.maximum(held, 1)) ** self.rules.rarity
        self._shrunk = 1.0 / np.maximum(sizes, 1) ** self.rules.size_power

    def scores(self, seen: Sequence[int], now: float) -> Floats:
        """Score every item for a visit that saw *seen* in this order, *now* being in seconds since 1970.

        Returns:
            One score per item; 0 where nothing speaks for it.
        """
        visits, similarity, shared_at = self._similar(seen, now)
        if not len(visits):
            return np.zeros(self._count)
        starts = self._visits.starts[visits]
        sizes = self._visits.starts[visits + 1] - starts
        offsets = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        items = self._visits.items[np.repeat(starts, sizes) + offsets]
        votes = np.repeat(similarity, sizes)
        if self.rules.near_decay:
            votes = votes * np.exp(-np.abs(offsets - np.repeat(shared_at, sizes)) / self.rules.near_decay)
        return np.bincount(items, weights=votes, minlength=self._count) * self._rarity

    def _similar(self, seen: Sequence[int], now: float) -> tuple[Ints, Floats, Ints]:
        """Find the nearest visits, how near they are, and where in each the latest shared item stands."""
        rules = self.rules
        last = [item for item in seen if 0 <= item < self._count][-rules.last_items :]
        found, places, weights = [], [], []
        for place, item in enumerate(last):
            begin, end = self._posted_from[item], self._posted_from[item + 1]
            begin = max(begin, end - rules.postings)
            found.append(self._posted[begin:end])
            places.append(self._places[begin:end])
            distance = len(last) - 1 - place
            weight = np.exp(-distance / rules.seen_decay) if rules.seen_decay else 1.0
            weights.append(np.full(end - begin, weight * self._rarity[item]))
        if not found:
            return np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
        visits, which = np.unique(np.concatenate(found), return_inverse=True)
        similarity = np.bincount(which, weights=np.concatenate(weights)) * self._shrunk[visits]
        shared_at = np.empty(len(visits), np.int64)
        shared_at[which] = np.concatenate(places)  # the last one written is of the item seen last
        return self._nearest(visits, similarity, shared_at, now)

    def _nearest(self, visits: Ints, similarity: Floats, shared_at: Ints, now: float) -> tuple[Ints, Floats, Ints]:
        rules = self.rules
        latest = slice(max(0, len(visits) - rules.sample), None)  # visits are numbered by time
        visits, similarity, shared_at = visits[latest], similarity[latest], shared_at[latest]
        if rules.age_decay_days:
            age = np.maximum(now - self._visits.ended_at[visits], 0.0) / DAY_SECONDS
            similarity = similarity * np.exp(-age / rules.age_decay_days)
        if len(visits) > rules.neighbours:
            kept = np.argpartition(-similarity, rules.neighbours)[: rules.neighbours]
            visits, similarity, shared_at = visits[kept], similarity[kept], shared_at[kept]
        return visits, similarity, shared_at
