"""Reads an experiment: rows of `analytics/queries/experiment_results.sql` go in, comparisons and a verdict come out.

The exposure is the custom event `experiment_viewed` with the properties `experiment` and `variant`; a click on a
recommendation is `recommendation_clicked` with `product_id` and, if wanted, `placement`, `model`, `experiment`,
`variant`. Orders that were cancelled or paid back count for nobody, so every lift is net of them.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import groupby
from typing import Any, Final, NamedTuple

from analytics.experiments.configuration import Experiment, configured
from analytics.experiments.distributions import probability_greater
from analytics.experiments.inference import (
    Difference,
    Interval,
    Mean,
    Rate,
    bound_mean,
    compare_always,
    compare_means,
    compare_rates,
    sample_ratio,
    wilson,
)
from analytics.questions import query
from connectors.clickhouse.client import connect, errors_translated
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings, settings

ALPHA: Final = 0.05
BROKEN: Final = 0.001
"""Below this chance the counts of people do not fit the weights: the assignment or the exposure is broken."""


class Arm(NamedTuple):
    """One variant's numbers. *revenue* is per person, of those who bought nothing too."""

    variant: str
    converted: Rate
    clicked: Rate
    revenue: Mean
    mixed: int
    converted_interval: Interval
    revenue_interval: Interval


class Comparison(NamedTuple):
    """A variant beside the control. *always* may be read at any time; *conversion* and *revenue* once, at the end."""

    variant: str
    uplift: float | None
    """Of the control's conversion; None where the control has none to be above."""
    conversion: Difference
    click_through: Difference
    revenue: Difference
    always: Difference
    better: float
    """How likely its conversion is above the control's: P(B > A)."""


class Reading(NamedTuple):
    """One segment of an experiment."""

    segment: str
    currency: str
    arms: list[Arm]
    comparisons: list[Comparison]
    ratio_chance: float
    """How likely counts of people so far from the weights are by chance."""
    verdict: str
    foreign_orders: int
    """Orders in other currencies: they convert, and are no revenue."""


def read(
    experiment_name: str, shop: str, segment: str = "all", *, clickhouse: ClickHouseSettings | None = None
) -> list[Reading]:
    """Read an experiment of *shop*, one reading per segment.

    Raises:
        ConfigurationError: there is no such experiment.
        TransientError: ClickHouse does not answer.
    """
    where = clickhouse or settings(ClickHouseSettings)
    with closing(connect(where)) as client, errors_translated():
        found = [each for each in configured(client, shop) if each.name == experiment_name]
    if not found:
        raise ConfigurationError(f"{shop} has no experiment {experiment_name}")
    answer = query("experiment_results", where, shop=shop, experiment=experiment_name, segment=segment)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return [interpret(found[0], part, list(group)) for part, group in groupby(rows, key=lambda row: str(row["part"]))]


def interpret(experiment: Experiment, segment: str, rows: Sequence[Mapping[str, Any]]) -> Reading:
    """Compare the variants of one segment; variants that are not configured are left out."""
    by_variant = {row["variant"]: row for row in rows}
    arms = [_arm(variant.name, by_variant.get(variant.name, {})) for variant in experiment.variants]
    control = arms[0]
    comparisons = [_compare(arm, control, experiment) for arm in arms[1:]]
    chance = sample_ratio([arm.converted.trials for arm in arms], [variant.weight for variant in experiment.variants])
    currency = next((str(row["revenue_currency"]) for row in rows), "")
    foreign = sum(int(row.get("orders_in_other_currencies", 0)) for row in rows)
    verdict = _verdict(experiment, arms, comparisons, chance)
    return Reading(segment, currency, arms, comparisons, chance, verdict, foreign)


def _arm(variant: str, row: Mapping[str, Any]) -> Arm:
    people = int(row.get("people", 0))
    converted, clicked = Rate(int(row.get("converted", 0)), people), Rate(int(row.get("clicked", 0)), people)
    revenue = Mean(float(row.get("revenue_mean", 0)), float(row.get("revenue_variance", 0)), people)
    return Arm(variant, converted, clicked, revenue, int(row.get("mixed", 0)), wilson(converted), bound_mean(revenue))


def _compare(arm: Arm, control: Arm, experiment: Experiment) -> Comparison:
    conversion = compare_rates(arm.converted, control.converted)
    variance = arm.converted.variance + control.converted.variance
    expected = experiment.expected_uplift * control.converted.value
    return Comparison(
        variant=arm.variant,
        uplift=conversion.value / control.converted.value if control.converted.value else None,
        conversion=conversion,
        click_through=compare_rates(arm.clicked, control.clicked),
        revenue=compare_means(arm.revenue, control.revenue),
        always=compare_always(conversion.value, variance, expected),
        better=probability_greater(*arm.converted, *control.converted),
    )


def _verdict(experiment: Experiment, arms: Sequence[Arm], comparisons: Sequence[Comparison], chance: float) -> str:
    if chance < BROKEN:
        return f"broken: by chance the variants have such counts once in {1 / max(chance, 1e-12):,.0f} times; fix that"
    alpha = ALPHA / len(comparisons)
    sure = [each for each in comparisons if each.always.p < alpha]
    if sure:
        return f"decided at any time of reading: {', '.join(map(_told, sure))}"
    people = min(arm.converted.trials for arm in arms)
    if not experiment.people_planned or people < experiment.people_planned:
        planned = f"{experiment.people_planned:,} planned" if experiment.people_planned else "none planned"
        return f"not decided: {people:,} people per variant, {planned}; until then p and P(B>A) are not to stop by"
    found = [each for each in comparisons if each.conversion.p < alpha]
    return f"as planned: {', '.join(map(_told, found))}" if found else "as planned: no difference was found"


def _told(comparison: Comparison) -> str:
    way = "more" if comparison.conversion.value > 0 else "less"
    return f"{comparison.variant} converts {way} ({told_uplift(comparison)})"


def told_uplift(comparison: Comparison) -> str:
    """Write the uplift: `+12.5%`, or that the control has no conversion to be above."""
    return "from nothing" if comparison.uplift is None else f"{comparison.uplift:+.1%}"
