"""Events in any order, landings of campaigns among them, give the visits that a plain reading of them in order gives.

`STITCH_EXAMPLES=20000 pytest --timeout=0 tests/property/test_session_properties.py` looks longer than a build does.
"""

import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import Event
from streams.rules.days import local_day
from tests.builders import MINUTE, NOON, a_shop, an_event
from tests.stitched import Pipeline

EXAMPLES = int(os.environ.get("STITCH_EXAMPLES", "300"))
GAP = 30 * MINUTE
SPRING = {"source": "mail", "campaign": "spring"}
LANDINGS: tuple[dict[str, Any], ...] = (
    *({}, {}, {}, {"utm": SPRING}, {"utm": {"source": "mail", "campaign": "summer"}}, {"click_ids": {"gclid": "one"}}),
    *({"utm": SPRING, "click_ids": {"gclid": "one"}}, {"click_ids": {"gclid": "two"}}, {"utm": {"term": "blue"}}),
)
COUNTED = {
    "page_views": "page_viewed",
    "product_views": "product_viewed",
    "cart_additions": "product_added_to_cart",
    "checkouts": "checkout_started",
}


@st.composite
def journeys(draw: st.DrawFn, most: int = 12) -> list[Event]:
    """What one browser did, around midnight in Berlin, in the order it came to us."""
    events: list[Event] = []
    for number in draw(st.permutations(range(draw(st.integers(1, most))))):
        minute = draw(st.sampled_from((0, 1, 2, 5, 10, 29, 30, 31, 45, 60, 61, 75, 120, 121, 300)))
        events.append(
            an_event(
                event_id=f"e{number}",
                name=draw(st.sampled_from((*COUNTED.values(), "clicked"))),
                seq=draw(st.sampled_from((None, 1, 2))),
                url=f"https://shop.example/{draw(st.integers(0, 2))}",
                occurred_at=NOON + 700 * MINUTE + minute * MINUTE,
                received_at=NOON + 1200 * MINUTE + len(events),
                **draw(st.sampled_from(LANDINGS)),
            )
        )
    return events


def sorted_into_visits(events: list[Event], days: bool) -> list[list[Event]]:
    """Read all of *events* in their own order: silence, another campaign or another day begins a visit."""
    visits: list[list[Event]] = []
    for event in sorted(events, key=lambda each: (each["occurred_at"], each["seq"] or 0, each["event_id"])):
        if not visits or begins_another(visits[-1], event, days):
            visits.append([])
        visits[-1].append(event)
    return visits


def begins_another(visit: list[Event], event: Event, days: bool) -> bool:
    first, last = visit[0], visit[-1]
    if event["occurred_at"] - last["occurred_at"] > GAP:
        return True
    if days and local_day(event["occurred_at"], "Europe/Berlin") != local_day(last["occurred_at"], "Europe/Berlin"):
        return True
    named, clicked = (campaign(event), event["click_ids"])
    return (any(named) and named != campaign(first)) or (bool(clicked) and clicked != first["click_ids"])


def campaign(event: Event) -> tuple[str, str, str]:
    utm = event["utm"]
    return utm.get("source", ""), utm.get("medium", ""), utm.get("campaign", "")


def rows_of(visits: list[list[Event]]) -> list[dict[str, Any]]:
    return [
        {
            "started_at": visit[0]["occurred_at"],
            "ended_at": visit[-1]["occurred_at"],
            "entry_url": visit[0]["url"],
            "utm": visit[0]["utm"],
            "click_ids": visit[0]["click_ids"],
            "events": len(visit),
        }
        | {count: sum(event["name"] == name for event in visit) for count, name in COUNTED.items()}
        for visit in visits
    ]


@settings(max_examples=EXAMPLES * 3, deadline=None)
@given(journeys(), st.booleans(), st.booleans())
def test_events_in_any_order_make_the_visits_they_make_in_their_own(
    events: list[Event], days: bool, together: bool
) -> None:
    shop = a_shop(campaign_boundary=True, day_boundary=days, time_zone="Europe/Berlin")
    pipeline = Pipeline({"demo": shop})
    if together:
        pipeline.publish_together(events)
    else:
        pipeline.publish(*events)
    pipeline.run()
    expected = rows_of(sorted_into_visits(events, days))

    rows = sorted(pipeline.session_rows().values(), key=lambda row: (row["started_at"], row["ended_at"]))

    got = [{name: row[name] for name in expected[0]} for row in rows]  # type: ignore[literal-required]
    assert sorted(got, key=str) == sorted(expected, key=str)
    assert pipeline.rejected == []


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(journeys())
def test_every_event_is_found_in_the_visit_it_is_counted_in(events: list[Event]) -> None:
    pipeline = Pipeline({"demo": a_shop(campaign_boundary=True)})
    pipeline.publish(*events)
    pipeline.run()
    times = [event["occurred_at"] for event in events]
    visits, rows = pipeline.visits(), pipeline.session_rows()

    # Two visits may touch in one millisecond: by time alone nobody can tell which an event of it is in.
    for visit in sorted_into_visits(events, days=False):
        names = {visits[event["event_id"]] for event in visit if times.count(event["occurred_at"]) == 1}
        assert len(names) <= 1
        for name in names:
            assert (rows[name]["started_at"], rows[name]["ended_at"]) == (
                visit[0]["occurred_at"],
                visit[-1]["occurred_at"],
            )
