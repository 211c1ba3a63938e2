"""A shop that nobody came to, and one that one person came to once: each question answers, and with numbers."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import uuid4

import pytest

from analytics.questions import Question, query, questions
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.records import EnrichedEnvelope
from schemas.settings import ClickHouseSettings
from tests.archived import SESSION, a_session, an_enriched_event, an_order_row, some_facts
from tests.builders import NOON, an_item
from tests.integration.weeks_database import empty_database

pytestmark = pytest.mark.integration

LONG = {"days": 20_000, "every": "month", "experiment": "none"}
EXPECTED: dict[str, dict[str, Any]] = {
    "abandoned_products": {"people_carting": 1, "abandoned": 0, "abandonment": 0.0, "lost": {}},
    "attribution": {"credited": "google", "orders_first": 1.0, "orders_linear": 1.0, "orders_position": 1.0},
    "funnel": {"reached": "product_viewed", "made_it": 1, "lost": 0, "of_previous": 1.0},
    "lifetime_value": {"buyers": 1, "orders_per_buyer": 1.0, "net_per_buyer": 85.98},
    "overview": {"events": 4, "persons": 1, "orders": 1, "share_who_bought": 1.0},
    "rates": {"visits": 1, "view_rate": 1.0, "purchase_rate": 1.0},
    "retention": {"number": 0, "people": 1, "cohort_size": 1, "share": 1.0},
    "revenue": {"orders_made": 1, "average_order": 85.98, "buyers": 1},
    "rfm": {"segment": "new", "people": 1, "share_of_net": 1.0},
    "sessions_by_source": {"source": "google", "bounced": 0.0, "conversion": 1.0},
    "funnel_times": {"converted": 1, "fastest_seconds": 0.0, "half_within_seconds": 0.0},
    "top_products": {"viewers": 1, "buyers": 1, "conversion": 1.0, "conversion_at_least": 0.2065},
    "visitors": {"people": 1, "new_people": 1, "returning_people": 0, "visits_per_person": 1.0},
}


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    beside = {"shop_id": "one", "session_id": SESSION}
    names = ("product_viewed", "product_added_to_cart", "checkout_started", "purchase")
    envelope = EnrichedEnvelope(
        events=[
            an_enriched_event(name=name, occurred_at=NOON + at, items=[an_item()], customer_id=None, **beside)
            for at, name in enumerate(names)
        ]
        + [
            an_enriched_event(shop_id="renamed", occurred_at=NOON - at, products=[some_facts(known=False, title=title)])
            for at, title in enumerate(["Now", "Long before", "Before"])
        ],
        sessions=[a_session(product_views=1, cart_additions=1, **beside)],
        orders=[an_order_row(ordered_at=NOON + 3, customer_id=None, **beside)],
        timelines=[],
    )
    with empty_database(clickhouse_url) as made:
        with closing(Inserter(made)) as inserter:
            for table, rows in rows_of("events.enriched", envelope, 0, 0).items():
                if rows:
                    inserter.insert(table, rows, str(uuid4()))
        yield made


def asked(question: Question, shop: str, clickhouse: ClickHouseSettings) -> list[dict[str, Any]]:
    wanted = {each.name for each in question.parameters}
    answer = query(question.name, clickhouse, shop=shop, **{key: LONG[key] for key in LONG if key in wanted})
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.name)
def test_an_empty_shop_and_one_visit_are_answered_with_numbers(
    question: Question, clickhouse: ClickHouseSettings
) -> None:
    nothing, rows = (asked(question, shop, clickhouse) for shop in ("nobody", "one"))
    expected = EXPECTED.get(question.name, {})

    numbers = [value for row in [*nothing, *rows] for value in row.values() if isinstance(value, float)]
    told = {name: value for name, value in (rows or [{}])[0].items() if name in expected}

    assert all(map(isfinite, numbers))
    assert question.name != "funnel_times" or set(nothing[0].values()) == {0, None}
    assert not nothing or question.name in ("overview", "funnel_times")
    assert {name: float(each) if isinstance(each, Decimal) else each for name, each in told.items()} == expected


def test_a_product_the_catalog_does_not_know_has_the_name_it_was_given_last(clickhouse: ClickHouseSettings) -> None:
    (row,) = asked(questions()["unmatched_products"], "renamed", clickhouse)

    assert (row["title"], row["times_named"], row["unknown_then"]) == ("Now", 3, 3)
