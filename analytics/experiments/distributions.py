"""Tails of the distributions the tests need: a statistic goes in, a probability comes out. No library is needed for it.

Student's t is an incomplete beta function and the chi-square an incomplete gamma function, both as the continued
fractions of the Digital Library of Mathematical Functions: https://dlmf.nist.gov/8.17 and https://dlmf.nist.gov/8.9.
"""

from itertools import count
from math import erfc, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

_CLOSE: Final = 1e-14
_GRID: Final = 20_001


def normal_two_sided(z: float) -> float:
    """Return the probability of a standard normal at least as far from 0 as *z*."""
    return erfc(abs(z) / sqrt(2))


def normal_quantile(probability: float) -> float:
    """Return what a standard normal stays below with *probability*, between 0 and 1."""
    return NormalDist().inv_cdf(probability)


def student_two_sided(t: float, freedom: float) -> float:
    """Return the probability of Student's t at least as far from 0 as *t*; *freedom* is above 0."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def student_quantile(probability: float, freedom: float) -> float:
    """Return what Student's t stays below with *probability*, which is at least one half."""
    low, high = 0.0, 1.0
    while 1 - student_two_sided(high, freedom) / 2 < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        if 1 - student_two_sided(middle, freedom) / 2 < probability:
            low = middle
        else:
            high = middle
    return high


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return the probability of a chi-square at least as great as *statistic*."""
    a, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    front = exp(a * log(x) - x - lgamma(a))
    return 1 - front * _gamma_series(a, x) if x < a + 1 else front * _gamma_fraction(a, x)


def probability_greater(successes: int, trials: int, than_successes: int, than_trials: int) -> float:
    """Return how likely the first rate is above the second: Beta posteriors of uniform priors, integrated."""
    shapes = [(1 + successes, 1 + trials - successes), (1 + than_successes, 1 + than_trials - than_successes)]
    reaches = [_reach(*shape) for shape in shapes]
    rates = np.linspace(min(low for low, _ in reaches), max(high for _, high in reaches), _GRID)[1:-1]
    masses = []
    for a, b in shapes:
        log_density = (a - 1) * np.log(rates) + (b - 1) * np.log1p(-rates)
        density = np.exp(log_density - log_density.max())
        masses.append(density / density.sum())
    below = np.cumsum(masses[1]) - masses[1] / 2
    return float(np.sum(masses[0] * below))


def _reach(a: int, b: int) -> tuple[float, float]:
    """Say between which rates all but nothing of Beta(a, b) lies."""
    mean, deviation = a / (a + b), sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))
    return max(0.0, mean - 12 * deviation), min(1.0, mean + 12 * deviation)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on this side only
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in count(1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = value
        for term in (even, odd):
            c, d = 1 + term / c, 1 / (1 + term * d)
            value *= c * d
        if abs(value - before) < _CLOSE * abs(value):
            break
    return front * value


def _gamma_series(a: float, x: float) -> float:
    term = total = 1 / a
    for step in count(1):
        term *= x / (a + step)
        total += term
        if term < total * _CLOSE:
            break
    return total


def _gamma_fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = float("inf"), 1 / b
    value = d
    for step in count(1):
        term = -step * (step - a)
        b += 2
        c, d = b + term / c, 1 / (b + term * d)
        value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return value
