"""EASE beside the least squares it stands for, solved column by column."""

import random

import numpy as np
import pytest

from analytics.recommending.ease import weigh


def test_weights_are_the_least_squares_of_each_product_by_the_others() -> None:
    chance = random.Random(4)
    names = [f"p{number}" for number in range(7)]
    baskets = [chance.sample(names, chance.randrange(1, 5)) for _ in range(80)]
    held = np.array([[float(name in basket) for name in names] for basket in baskets])
    penalty = 3.0
    expected = np.zeros((7, 7))
    for column in range(7):
        others = [each for each in range(7) if each != column]
        known = held[:, others]
        expected[others, column] = np.linalg.solve(known.T @ known + penalty * np.eye(6), known.T @ held[:, column])
    lines = list(weigh(baskets, penalty=penalty))

    assert {(line.context, line.product): line.weight for line in lines} == pytest.approx(
        {
            (names[one], names[other]): expected[one, other]
            for one in range(7)
            for other in range(7)
            if expected[one, other] > 0
        }
    )
    for line in lines:
        assert line.together == sum(line.context in basket and line.product in basket for basket in baskets)
        assert line.held == sum(line.context in basket for basket in baskets)


def test_lists_are_ranked_and_short_and_rare_products_are_left_out() -> None:
    baskets = [["a", "b", "c"]] * 5 + [["a", "b"]] * 5 + [["a", "once"]]
    lines = [line for line in weigh(baskets, penalty=1.0, most=1) if line.context == "a"]

    assert [(line.rank, line.product) for line in lines] == [(1, "b")]
    assert "once" not in {line.product for line in weigh(baskets)}
    assert list(weigh([])) == []
