"""The statistics beside scipy's, and beside what must come out of many experiments without a difference."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from analytics.experiments.configuration import Experiment
from analytics.experiments.distributions import (
    chi_square_tail,
    normal_quantile,
    normal_two_sided,
    probability_greater,
    student_quantile,
    student_two_sided,
)
from analytics.experiments.inference import (
    Mean,
    Rate,
    bound_mean,
    compare_always,
    compare_means,
    compare_rates,
    sample_ratio,
    wilson,
)
from analytics.experiments.results import interpret


@pytest.mark.parametrize("freedom", [1, 2.5, 10, 1_000, 1_000_000])
@pytest.mark.parametrize("t", [0.001, 0.3, 1, 2.5, 7, 30])
def test_students_t_has_the_tails_scipy_gives_it(t: float, freedom: float) -> None:
    assert student_two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("freedom", [1, 2, 5, 19])
@pytest.mark.parametrize("statistic", [0.001, 1, 3, 20, 80])
def test_the_chi_square_has_the_tail_scipy_gives_it(statistic: float, freedom: int) -> None:
    assert chi_square_tail(statistic, freedom) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-9)


def test_quantiles_are_those_of_scipy() -> None:
    assert student_quantile(0.975, 7.3) == pytest.approx(stats.t.ppf(0.975, 7.3), rel=1e-9)
    assert normal_quantile(0.975) == pytest.approx(stats.norm.ppf(0.975), rel=1e-9)
    assert normal_two_sided(-1.96) == pytest.approx(2 * stats.norm.sf(1.96), rel=1e-9)


def test_a_rate_is_bounded_as_scipy_bounds_it() -> None:
    for successes, trials in ((0, 10), (3, 10), (10, 10), (170, 1_000)):
        theirs = stats.binomtest(successes, trials).proportion_ci(method="wilson")

        assert wilson(Rate(successes, trials)) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert wilson(Rate(0, 0)) == (0, 1)


def test_the_z_test_is_the_chi_square_test_of_the_four_counts() -> None:
    difference = compare_rates(Rate(194, 1_000), Rate(170, 1_000))
    theirs = stats.chi2_contingency([[194, 806], [170, 830]], correction=False)

    assert difference.statistic**2 == pytest.approx(theirs.statistic)
    assert difference.p == pytest.approx(theirs.pvalue)


def test_the_interval_of_a_difference_is_that_of_newcombes_own_example() -> None:
    # 56/70 and 48/80: Newcombe 1998, table II, method 10, gives 0.0524 to 0.3339.
    difference = compare_rates(Rate(56, 70), Rate(48, 80))

    assert difference.interval == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_welchs_test_is_that_of_scipy() -> None:
    chance = np.random.default_rng(1)
    one, other = chance.exponential(10, 300), chance.exponential(12, 500)
    theirs = stats.ttest_ind(one, other, equal_var=False)
    ours = compare_means(Mean(one.mean(), one.var(ddof=1), len(one)), Mean(other.mean(), other.var(ddof=1), len(other)))

    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert ours.interval == pytest.approx(tuple(theirs.confidence_interval()))
    assert bound_mean(Mean(one.mean(), one.var(ddof=1), len(one))) == pytest.approx(
        stats.t.interval(0.95, len(one) - 1, one.mean(), one.std(ddof=1) / sqrt(len(one)))
    )


def test_the_probability_that_one_rate_is_above_another_is_what_many_draws_give() -> None:
    chance = np.random.default_rng(1)
    for one, other in (((5, 20), (3, 30)), ((0, 5), (0, 50)), ((194, 1_000), (170, 1_000))):
        draws = [chance.beta(1 + good, 1 + of - good, 400_000) for good, of in (one, other)]

        assert probability_greater(*one, *other) == pytest.approx((draws[0] > draws[1]).mean(), abs=0.004)
    assert probability_greater(7, 9, 7, 9) == pytest.approx(0.5, abs=1e-6)


def test_counts_that_fit_the_weights_are_no_alarm_and_others_are() -> None:
    people, weights = [5_050, 4_950], [0.5, 0.5]

    assert sample_ratio(people, weights) == pytest.approx(stats.chisquare(people, [5_000, 5_000]).pvalue)
    assert sample_ratio([5_300, 4_700], weights) < 1e-8
    assert sample_ratio([9_000, 1_000], [0.9, 0.1]) == 1
    assert sample_ratio([0, 0], weights) == 1


def test_reading_again_and_again_finds_no_difference_where_there_is_none() -> None:
    chance = np.random.default_rng(7)
    often_fooled, ever_fooled = 0, 0
    for _ in range(400):
        one, other = (np.cumsum(chance.random(4_000) < 0.1) for _ in range(2))
        fixed, always = False, False
        for people in range(200, 4_001, 200):
            rates = Rate(int(one[people - 1]), people), Rate(int(other[people - 1]), people)
            variance = rates[0].variance + rates[1].variance
            fixed |= compare_rates(*rates).p < 0.05
            always |= compare_always(rates[0].value - rates[1].value, variance, 0.01).p < 0.05
        often_fooled += fixed
        ever_fooled += always

    assert often_fooled / 400 > 0.15
    assert ever_fooled / 400 < 0.05


def test_what_may_be_read_at_any_time_finds_a_difference_that_is_there() -> None:
    found = compare_always(0.02, 0.0001**2 * 1_000, 0.02)

    assert found.p < 0.05
    assert found.interval.low > 0
    assert compare_always(0.0, 0.0, 0.01).p == 1


def test_a_control_that_nobody_buys_with_has_no_uplift_to_tell() -> None:
    variants = [{"name": "plain"}, {"name": "note"}]
    experiment = Experiment.model_validate(
        {"shop": "demo", "name": "home", "variants": variants, "people_planned": 100}
    )
    counts = {"plain": 0, "note": 20}
    rows = [
        {"variant": name, "people": 200, "converted": count, "revenue_currency": "EUR"}
        for name, count in counts.items()
    ]

    reading = interpret(experiment, "all", rows)

    assert reading.comparisons[0].uplift is None
    assert reading.comparisons[0].conversion.p < 0.001
    assert reading.verdict == "as planned: note converts more (from nothing)"
