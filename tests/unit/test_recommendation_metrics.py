"""Metrics beside values computed by hand, protocols beside what they must reveal."""

from math import log2

import pytest

from analytics.recommending.evaluation import Case, Visit, any_items, last_items, measure, next_items


def test_metrics_are_those_computed_by_hand() -> None:
    # Five items, of which item 0 was in four visits. Targets at place 1, at place 3, at place 3 of 2, and nowhere.
    answers = {0: [1, 2, 3], 1: [4, 2, 3], 2: [0, 1, 3], 3: []}
    cases = [Case([0], 1, 0.0), Case([1], 3, 0.0), Case([2], 3, 0.0), Case([3], 4, 0.0)]
    popularity = [4, 2, 1, 1, 1]

    whole = measure(lambda seen, at: answers[seen[0]], cases, popularity, top=3)
    short = measure(lambda seen, at: answers[seen[0]], cases, popularity, top=2)

    assert whole.hit_rate == 3 / 4
    assert whole.mrr == pytest.approx((1 + 1 / 3 + 1 / 3) / 4)
    assert whole.ndcg == pytest.approx((1 + 1 / log2(4) + 1 / log2(4)) / 4)
    assert whole.coverage == 1
    assert whole.popularity == pytest.approx((2 + 1 + 1 + 1 + 1 + 1 + 4 + 2 + 1) / 4 / 9)
    assert (short.hit_rate, short.mrr, short.ndcg, short.coverage) == (1 / 4, 1 / 4, 1 / 4, 4 / 5)
    with pytest.raises(ValueError, match="no case"):
        measure(lambda seen, at: [], [], popularity)


def test_a_visit_is_revealed_item_by_item_or_but_for_one() -> None:
    visits = [Visit(9.0, [5, 6, 7])]

    assert list(next_items(visits)) == [Case([5], 6, 9.0), Case([5, 6], 7, 9.0)]
    assert list(last_items(visits)) == [Case([5, 6], 7, 9.0)]
    (case,) = any_items(visits)
    assert sorted([*case.seen, case.target]) == [5, 6, 7]
    assert list(any_items(visits)) == [case]
