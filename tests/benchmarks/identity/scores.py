"""Scores a way to tell people apart: names of events by it and by the truth come in, shares of pairs come out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Pairs(NamedTuple):
    """Of all pairs of events said to be one: the share that is; and of those that are: the share said."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def pairs(said: Mapping[str, str], truth: Mapping[str, str], knowable: Mapping[str, str]) -> Pairs:
    """Compare names by event: *said* with the *truth* for precision, with what is *knowable* of it for recall."""
    return Pairs(
        _together((said[each], truth[each]) for each in truth) / _together((said[each],) for each in truth),
        _together((said[each], knowable[each]) for each in knowable)
        / _together((knowable[each],) for each in knowable),
    )


def _together(names: Iterable[tuple[str, ...]]) -> int:
    """Count the pairs of events that have the same names."""
    return sum(count * (count - 1) // 2 for count in Counter(names).values())


def wrong_merges(said: Mapping[str, str], shown: Mapping[str, str]) -> int:
    """Count the persons *said* in whom events that showed two different customers are one."""
    customers: dict[str, set[str]] = {}
    for event, customer in shown.items():
        customers.setdefault(said[event], set()).add(customer)
    return sum(len(each) > 1 for each in customers.values())
