"""Whose each event of a browser is, as a plain reading of the three rules in docs/identity.md gives it.

`STITCH_EXAMPLES=20000 pytest --timeout=0 tests/property/test_person_properties.py` looks longer than a build does.
"""

import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.identifiers import person_id
from schemas.records import Event
from tests.builders import MINUTE, NOON, a_shop, an_event
from tests.property.test_session_properties import sorted_into_visits
from tests.stitched import Pipeline, an_unlink

EXAMPLES = int(os.environ.get("STITCH_EXAMPLES", "300"))
CUSTOMERS = ("ada", "bob", "cyd")
LANDINGS: tuple[dict[str, Any], ...] = ({}, {}, {}, {"utm": {"source": "mail"}}, {"utm": {"source": "ad"}})
SECONDS = (0, 1, 10, 20, 40, 59)
MINUTES = (0, 1, 2, 5, 10, 29, 30, 31, 45, 60, 61, 75, 120, 121, 300, 900, 1500)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What one browser did in the days around a change of the clocks: in its own order, also several times a minute,
    or in any, once a minute at most.
    """
    in_order = draw(st.booleans())
    seconds = SECONDS if in_order else (0,)
    times = st.tuples(st.sampled_from(MINUTES), st.sampled_from(seconds))
    chosen = draw(st.lists(times, min_size=1, max_size=12, unique=True))
    events = []
    for number, (minute, second) in enumerate(sorted(chosen) if in_order else chosen):
        said = draw(st.sampled_from(LANDINGS)) | {"customer_id": draw(st.sampled_from((None, *CUSTOMERS)))}
        at = NOON // MINUTE * MINUTE - 34 * 60 * MINUTE + minute * MINUTE + second * 1000
        events.append(an_event(event_id=f"e{number}", client_id="x", occurred_at=at, received_at=NOON + number, **said))
    return events


def whose(events: list[Event], days: bool, unlinked: str | None) -> dict[str, str | None]:
    """Read the rules: of a visit with evidence the last customer at or before, else the first after; of one without
    the only customer ever; else nobody.
    """
    visits = sorted_into_visits(events, days)
    ever = {event["customer_id"] for event in events} - {None, unlinked}
    found: dict[str, str | None] = {}
    for visit in visits:
        named = [event for event in visit if event["customer_id"] not in (None, unlinked)]
        for event in visit:
            before = [each for each in named if each["occurred_at"] <= event["occurred_at"]]
            seen = before[-1:] or named[:1]
            found[event["event_id"]] = seen[0]["customer_id"] if seen else next(iter(ever)) if len(ever) == 1 else None
    return found


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(histories(), st.booleans(), st.sampled_from((None, *CUSTOMERS)))
def test_each_event_is_whose_the_rules_say(events: list[Event], days: bool, unlinked: str | None) -> None:
    shop = a_shop(campaign_boundary=True, day_boundary=days, time_zone="Europe/Berlin")
    pipeline = Pipeline({"demo": shop})
    pipeline.publish(*events)
    pipeline.run()
    if unlinked is not None:
        pipeline.publish_link(an_unlink("x", unlinked, NOON + MINUTE))
        pipeline.run()
    names = {person_id("demo", customer): customer for customer in CUSTOMERS}

    found = {event_id: names.get(person) for event_id, person in pipeline.persons().items()}

    assert found == whose(events, days, unlinked)
