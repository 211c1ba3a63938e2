"""The funnel beside trying every way: random walks with repeated steps, equal times and edges of the window."""

import random
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple
from uuid import uuid4

import pytest

from analytics.questions import query
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.errors import ConfigurationError
from schemas.records import EnrichedEnvelope
from schemas.settings import ClickHouseSettings
from tests.archived import an_enriched_event
from tests.integration.weeks_database import empty_database
from tests.oracles.funnels import Made, level
from tests.oracles.weeks import END, HOUR, UNTIL

pytestmark = pytest.mark.integration

MINUTE = 60_000
TWENTY = [f"step_{number}" for number in range(20)]


class Walks(NamedTuple):
    """What people did at a shop of their own, each a list of times and names."""

    shop: str
    steps: list[str]
    window_hours: int
    people: list[list[Made]]


def random_walks(seed: int) -> Walks:
    """Make few names and few times, so that steps repeat and times are equal; an hour is the window's edge."""
    chance = random.Random(seed)
    names = "abc"[: chance.randint(1, 3)]
    times = [0, 0, 10 * MINUTE, HOUR - 1, HOUR, HOUR + 1, 2 * HOUR, 2 * HOUR + 1]
    people = [[(chance.choice(times), chance.choice(names)) for _ in range(chance.randint(1, 7))] for _ in range(12)]
    steps = [chance.choice(names) for _ in range(chance.randint(2, 6))]
    return Walks(f"random-{seed}", steps, chance.choice([1, 2]), people)


RANDOM = [random_walks(seed) for seed in range(40)]
EDGES = {
    "one event is one step": Walks("once", ["a", "a"], 1, [[(0, "a")], [(0, "a"), (0, "a")], [(0, "a"), (5, "a")]]),
    "equal times count in order": Walks("ties", ["a", "b", "c"], 1, [[(7, "c"), (7, "a"), (7, "b")]]),
    "the window holds its end": Walks(
        "edge", ["a", "b"], 1, [[(0, "a"), (HOUR, "b")], [(0, "a"), (HOUR + 1, "b")], [(0, "b"), (1, "a")]]
    ),
    "a later start may be the better one": Walks(
        "later", ["a", "b", "c"], 1, [[(0, "a"), (5, "b"), (HOUR - 5, "a"), (HOUR, "b"), (HOUR + 9, "c")]]
    ),
    "twenty steps": Walks(
        "twenty",
        TWENTY,
        1,
        [
            [(number, name) for number, name in enumerate(TWENTY)],
            [(number, name) for number, name in enumerate(TWENTY[:19])],
            [(-number, name) for number, name in enumerate(TWENTY)],
            [(0, name) for name in reversed(TWENTY)],
        ],
    ),
    "twenty times the same": Walks(
        "same", ["a"] * 20, 1, [[(n, "a") for n in range(20)], [(n, "a") for n in range(19)]]
    ),
}


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    with empty_database(clickhouse_url) as made:
        envelope = EnrichedEnvelope(
            events=[
                an_enriched_event(
                    # Ids of our own: of two that are alike in name and time, the query takes one pair in 4,096 for one.
                    event_id=f"{walks.shop} {number} {place}",
                    shop_id=walks.shop,
                    client_id=f"{number}",
                    name=name,
                    occurred_at=END - 9 * HOUR + at,
                    items=[],
                )
                for walks in chain(RANDOM, EDGES.values())
                for number, made_by_one in enumerate(walks.people)
                for place, (at, name) in enumerate(made_by_one)
            ],
            sessions=[],
            orders=[],
            timelines=[],
        )
        inserter = Inserter(made)
        inserter.insert("events", rows_of("events.enriched", envelope, 0, 0)["events"], str(uuid4()))
        inserter.close()
        yield made


@pytest.mark.parametrize("walks", [*RANDOM, *EDGES.values()], ids=[each.shop for each in RANDOM] + list(EDGES))
def test_each_person_reaches_the_step_that_trying_every_way_finds(walks: Walks, clickhouse: ClickHouseSettings) -> None:
    answer = query(
        "funnel",
        clickhouse,
        shop=walks.shop,
        steps=walks.steps,
        window_hours=walks.window_hours,
        days=2,
        until=UNTIL,
        time_zone="Europe/Berlin",
    )

    if walks.shop == "same":  # trying every way of twenty among twenty would not end
        levels = [20, 19]
    else:
        levels = [level(each, walks.steps, walks.window_hours * HOUR) for each in walks.people]
    persons = [sum(reached >= step for reached in levels) for step in range(1, len(walks.steps) + 1)]
    assert [row[answer.columns.index("made_it")] for row in answer.rows] == (persons if persons[0] else [])


@pytest.mark.parametrize("steps", [["a"], [f"s{number}" for number in range(21)]])
def test_a_funnel_has_two_to_twenty_steps(steps: list[str], clickhouse: ClickHouseSettings) -> None:
    with pytest.raises(ConfigurationError, match="steps must be a list of 2 to 20"):
        query("funnel", clickhouse, shop="once", steps=steps)


def test_a_time_that_is_none_is_refused(clickhouse: ClickHouseSettings) -> None:
    with pytest.raises(ConfigurationError, match="until must be now, or a day or time"):
        query("funnel", clickhouse, shop="once", until="yesterday-ish")
