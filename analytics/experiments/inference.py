"""What two variants' numbers allow to say: counts, means and variances go in, differences with their doubt come out."""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import NamedTuple

from analytics.experiments.distributions import (
    chi_square_tail,
    normal_quantile,
    normal_two_sided,
    student_quantile,
    student_two_sided,
)


class Interval(NamedTuple):
    """Where the truth lies with the confidence asked for."""

    low: float
    high: float


class Difference(NamedTuple):
    """How much greater one variant is than the control. *p* says how likely so much is where there is no difference."""

    value: float
    interval: Interval
    statistic: float
    p: float


class Rate(NamedTuple):
    """So many of so many."""

    successes: int
    trials: int

    @property
    def value(self) -> float:
        """The share; 0 of nobody."""
        return self.successes / self.trials if self.trials else 0.0

    @property
    def variance(self) -> float:
        """The variance of the share."""
        return self.value * (1 - self.value) / self.trials if self.trials else 0.0


class Mean(NamedTuple):
    """The mean of so many values, and their sample variance."""

    value: float
    variance: float
    people: int

    @property
    def squared_error(self) -> float:
        """The variance of the mean."""
        return self.variance / self.people if self.people else 0.0


def wilson(rate: Rate, confidence: float = 0.95) -> Interval:
    """Bound a rate; it holds for few people, too (Wilson, 1927)."""
    if not rate.trials:
        return Interval(0.0, 1.0)
    z, n = normal_quantile((1 + confidence) / 2), rate.trials
    centre = (rate.value + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * sqrt(rate.value * (1 - rate.value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach))


def compare_rates(rate: Rate, control: Rate, confidence: float = 0.95) -> Difference:
    """Compare by the pooled z-test; the interval is Newcombe's, of two Wilson intervals (1998, method 10)."""
    difference = rate.value - control.value
    own, others = wilson(rate, confidence), wilson(control, confidence)
    low = difference - sqrt((rate.value - own.low) ** 2 + (others.high - control.value) ** 2)
    high = difference + sqrt((own.high - rate.value) ** 2 + (control.value - others.low) ** 2)
    trials = rate.trials + control.trials
    pooled = (rate.successes + control.successes) / trials if trials else 0.0
    error = sqrt(pooled * (1 - pooled) * (1 / rate.trials + 1 / control.trials)) if rate.trials * control.trials else 0
    z = difference / error if error else 0.0
    return Difference(difference, Interval(low, high), z, normal_two_sided(z))


def bound_mean(mean: Mean, confidence: float = 0.95) -> Interval:
    """Bound a mean by Student's t."""
    if mean.people < 2:
        return Interval(float("-inf"), float("inf"))
    reach = student_quantile((1 + confidence) / 2, mean.people - 1) * sqrt(mean.squared_error)
    return Interval(mean.value - reach, mean.value + reach)


def compare_means(mean: Mean, control: Mean, confidence: float = 0.95) -> Difference:
    """Compare by Welch's t-test: the variants' variances need not be equal."""
    difference, squared = mean.value - control.value, mean.squared_error + control.squared_error
    if not squared or min(mean.people, control.people) < 2:
        return Difference(difference, Interval(float("-inf"), float("inf")), 0.0, 1.0)
    freedom = squared**2 / (mean.squared_error**2 / (mean.people - 1) + control.squared_error**2 / (control.people - 1))
    t, reach = difference / sqrt(squared), student_quantile((1 + confidence) / 2, freedom) * sqrt(squared)
    return Difference(difference, Interval(difference - reach, difference + reach), t, student_two_sided(t, freedom))


def compare_always(difference: float, variance: float, expected: float, confidence: float = 0.95) -> Difference:
    """Compare so that it may be read at any time, and stopped as soon as it says so: the mixture SPRT.

    *variance* is that of *difference*; *expected* is the size of a difference thought likely, fixed beforehand: the
    test is sharpest there, and right for any (Johari, Pekelis and Walsh, https://arxiv.org/abs/1512.04922).
    """
    if variance <= 0 or expected <= 0:
        return Difference(difference, Interval(float("-inf"), float("inf")), 0.0, 1.0)
    mixing = expected**2
    whole = variance + mixing
    evidence = mixing * difference**2 / (2 * variance * whole) - log(whole / variance) / 2
    p = min(1.0, exp(-evidence)) if evidence < 700 else 0.0
    reach = sqrt(2 * variance * whole / mixing * (log(1 / (1 - confidence)) + log(whole / variance) / 2))
    return Difference(difference, Interval(difference - reach, difference + reach), evidence, p)


def sample_ratio(people: Sequence[int], weights: Sequence[float]) -> float:
    """Return how likely counts so far from *weights* are by chance: below 0.001 the assignment is broken."""
    total, whole = sum(people), sum(weights)
    if not total or len(people) < 2:
        return 1.0
    expected = [total * weight / whole for weight in weights]
    statistic = sum((found - due) ** 2 / due for found, due in zip(people, expected, strict=True))
    return chi_square_tail(statistic, len(people) - 1)
