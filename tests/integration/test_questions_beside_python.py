"""Every question beside plain Python (`tests.oracles`) over the same random weeks, each row written at least twice."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from analytics.questions import query
from schemas.settings import ClickHouseSettings
from tests.integration.weeks_database import weeks_database
from tests.oracles import funnels, money, products, reports, visits
from tests.oracles.comparing import near, plain
from tests.oracles.weeks import UNTIL, ZONE, Weeks

pytestmark = pytest.mark.integration

ALL = 20_000
PERIOD = {"until": UNTIL, "time_zone": ZONE.key}


class Case(NamedTuple):
    """A question with parameters, and who else can answer it."""

    name: str
    oracle: Callable[..., list[dict[str, Any]]]
    parameters: dict[str, Any]


CASES = [
    *(
        Case("funnel", funnels.funnel, {"days": days, "by": by, "breakdown": breakdown, "window_hours": hours})
        for days, by, breakdown, hours in [
            (ALL, "person", "none", 168),
            (30, "session", "none", 1),
            (ALL, "person", "device", 800),
            (ALL, "person", "source", 800),
            (40, "session", "campaign", 2),
            (ALL, "person", "product", 800),
            (ALL, "session", "category", 1),
        ]
    ),
    Case(
        "funnel",
        funnels.funnel,
        {
            "days": ALL,
            "by": "session",
            "breakdown": "none",
            "window_hours": 2,
            "steps": "product_viewed,product_viewed,page_viewed,product_viewed",
        },
    ),
    *(
        Case("funnel_times", funnels.funnel_times, {"days": ALL, "by": by, "window_hours": hours, "steps": steps})
        for by, hours, steps in [
            ("person", 800, "product_viewed,product_added_to_cart,purchase"),
            ("session", 1, "product_viewed,product_viewed"),
            ("session", 2, "product_viewed,search_submitted,product_viewed"),
        ]
    ),
    Case("funnel_dropoff", funnels.funnel_dropoff, {"days": ALL, "made": 2, "window_hours": 300}),
    *(
        Case("visitors", visits.visitors, {"days": days, "every": every})
        for days, every in [(30, "day"), (ALL, "week")]
    ),
    *(
        Case("rates", visits.rates, {"days": days, "every": every, "breakdown": breakdown})
        for days, every, breakdown in [(10, "day", "none"), (ALL, "week", "device"), (ALL, "month", "source")]
    ),
    Case("rates", visits.rates, {"days": ALL, "every": "month", "breakdown": "country"}),
    *(
        Case("retention", visits.retention, {"days": days, "every": every, "activity": what, "breakdown": breakdown})
        for days, every, what, breakdown in [
            (ALL, "week", "visit", "none"),
            (30, "week", "visit", "source"),
            (ALL, "month", "visit", "device"),
            (ALL, "week", "order", "none"),
            (12, "day", "visit", "none"),
        ]
    ),
    *(
        Case("paths", visits.paths, {"days": ALL, "of": of, "length": length})
        for of, length in [("events", 5), ("pages", 3), ("products", 2)]
    ),
    Case("searches", visits.searches, {"days": ALL}),
    *(
        Case("bots", visits.bots, {"days": days, "per_hour": fast, "least_events": least, "most_views": long})
        for days, fast, least, long in [(ALL, 1, 3, 4), (20, 3600, 20, 500)]
    ),
    *(Case("revenue", money.revenue, {"days": days, "every": every}) for days, every in [(30, "day"), (ALL, "month")]),
    Case("lifetime_value", money.lifetime_value, {"days": 60, "every": "month"}),
    Case("lifetime_value", money.lifetime_value, {"days": ALL, "every": "week"}),
    Case("rfm", money.rfm, {"days": ALL}),
    *(
        Case("attribution", money.attribution, {"days": days, "by": by, "lookback_days": back})
        for days, by, back in [(30, "source", 30), (ALL, "source", 60), (ALL, "medium", 7), (ALL, "campaign", 365)]
    ),
    *(
        Case("abandoned_products", reports.abandoned_products, {"days": days, "within_hours": hours})
        for days, hours in [(ALL, 24), (30, 1)]
    ),
    *(
        Case("converting_products", products.converting_products, {"days": days, "at_least": least})
        for days, least in [(ALL, 1), (30, 12)]
    ),
    Case("delivery", reports.delivery, {"days": ALL}),
    Case("match_quality", reports.match_quality, {"days": ALL}),
    *(Case("match_quality_by_day", reports.match_quality_by_day, {"days": days}) for days in (30, ALL)),
    Case("unmatched_products", reports.unmatched_products, {"days": ALL}),
    Case("content_ids", reports.content_ids, {"days": ALL}),
]


@pytest.fixture(scope="module")
def weeks() -> Weeks:
    return Weeks(seed=5)


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str, weeks: Weeks) -> Iterator[ClickHouseSettings]:
    with weeks_database(clickhouse_url, weeks) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{'-'.join(map(str, case.parameters.values()))}")
def test_the_answer_is_that_of_plain_python(case: Case, weeks: Weeks, clickhouse: ClickHouseSettings) -> None:
    more = (
        {"top": 1000}
        if case.name in ("funnel", "paths", "searches", "abandoned_products", "funnel_dropoff", "unmatched_products")
        else {}
    )
    zone = {} if case.name == "catalog_health" else PERIOD

    answer = query(case.name, clickhouse, shop="demo", **case.parameters, **zone, **more)

    expected = case.oracle(weeks, **case.parameters)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert expected
    assert [plain({name: row[name] for name in expected[0]}) for row in rows] == [near(row) for row in expected]
