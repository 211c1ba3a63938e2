"""Questions about visits in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from itertools import groupby
from typing import Any

from schemas.records import Session
from tests.oracles.weeks import END, Weeks, begin, period, source, within

SEGMENTS: dict[str, Callable[[Session], str]] = {
    "device": lambda session: session["device"],
    "source": source,
    "campaign": lambda session: session["utm"].get("campaign", "(none)"),
    "country": lambda session: session["country"] or "(none)",
    "none": lambda session: "all",
}


def visitors(weeks: Weeks, *, days: int, every: str) -> list[Any]:
    """Answer `visitors`."""
    first: dict[str, int] = {}
    for visit in weeks.visits():
        person = weeks.person_of_session(visit)
        first[person] = min(first.get(person, END), visit["started_at"])
    rows = []
    for when, visits in _periods(weeks, days, every).items():
        people = {weeks.person_of_session(each) for each in visits}
        new = {person for person in people if period(first[person], every) == when}
        rows.append(
            {
                "period": when,
                "browsers": len({each["visitor_id"] for each in visits}),
                "people": len(people),
                "new_people": len(new),
                "returning_people": len(people - new),
                "visits": len(visits),
                "visits_per_person": len(visits) / len(people),
            }
        )
    return rows


def bots(weeks: Weeks, *, days: int, per_hour: int, least_events: int, most_views: int) -> list[Any]:
    """Answer `bots`."""
    found: dict[str, list[Session]] = defaultdict(list)
    for visit in weeks.sessions:
        if visit["deleted"] or not within(visit["started_at"], days):
            continue
        hours = max(visit["ended_at"] - visit["started_at"], 1) / 3_600_000
        if visit["device"] == "bot":
            found["declared"].append(visit)
        elif visit["page_views"] + visit["product_views"] > most_views:
            found["too_long"].append(visit)
        elif visit["events"] >= least_events and visit["events"] / hours > per_hour:
            found["too_fast"].append(visit)
        else:
            found["none"].append(visit)
    total = sum(map(len, found.values()))
    return [
        {
            "reason": reason,
            "visits": len(some),
            "browsers": len({each["visitor_id"] for each in some}),
            "events_made": sum(each["events"] for each in some),
            "visits_that_bought": sum(each["purchases"] > 0 for each in some),
            "share": len(some) / total,
        }
        for reason, some in sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    ]


def rates(weeks: Weeks, *, days: int, every: str, breakdown: str) -> list[Any]:
    """Answer `rates`."""
    buying, rows = {each["session_id"] for each in weeks.sold()}, []
    for when, visits in _periods(weeks, days, every).items():
        by_segment: dict[str, list[Session]] = defaultdict(list)
        for visit in visits:
            by_segment[SEGMENTS[breakdown](visit)].append(visit)
        for segment, some in sorted(by_segment.items(), key=lambda each: (-len(each[1]), each[0])):
            counts = {
                "viewing": sum(each["product_views"] > 0 for each in some),
                "carting": sum(each["cart_additions"] > 0 for each in some),
                "paying": sum(each["checkouts"] > 0 for each in some),
                "buying": sum(each["session_id"] in buying for each in some),
            }
            shares = zip(("view", "cart", "checkout", "purchase"), counts.values(), strict=True)
            rows.append(
                {"period": when, "segment": segment, "visits": len(some)}
                | counts
                | {f"{name}_rate": count / len(some) for name, count in shares}
            )
    return rows


def retention(weeks: Weeks, *, days: int, every: str, activity: str, breakdown: str) -> list[Any]:
    """Answer `retention`."""
    was: dict[str, list[tuple[int, str]]] = defaultdict(list)
    if activity == "visit":
        for visit in weeks.visits():
            was[weeks.person_of_session(visit)].append((visit["started_at"], SEGMENTS[breakdown](visit)))
    else:
        for order in weeks.sold():
            was[weeks.person_of_order(order)].append((order["ordered_at"], "all"))
    cohorts: dict[tuple[date, str], Counter[int]] = defaultdict(Counter)
    for times in was.values():
        at, segment = min(times)
        cohort = period(at, every)
        cohorts[cohort, segment].update({_number(cohort, period(each, every), every) for each, _ in times})
    since, last = period(begin(days), every), period(END - 1, every)
    return [
        {
            "cohort": cohort,
            "segment": segment,
            "number": number,
            "people": numbers[number],
            "cohort_size": numbers[0],
            "share": numbers[number] / numbers[0],
        }
        for (cohort, segment), numbers in sorted(cohorts.items())
        if cohort >= since
        for number in range(_number(cohort, last, every) + 1)
    ]


def paths(weeks: Weeks, *, days: int, of: str, length: int) -> list[Any]:
    """Answer `paths`."""
    made, bots = defaultdict(list), weeks.of_bots()
    for each in weeks.events:
        event, what = each["event"], ""
        if not within(event["occurred_at"], days) or each["session_id"] in bots:
            continue
        if of == "events":
            what = event["name"]
        elif of == "pages" and event["name"] == "page_viewed":
            what = "/" + (event["url"] or "").removeprefix("https://shop.example/")
        elif of == "products" and event["name"] == "product_viewed" and event["items"]:
            what = f"Title {event['items'][0]['product_id']}"
        made[each["session_id"]].append((event["occurred_at"], event["event_id"], what, event["name"] == "purchase"))
    ways, buying = Counter[str](), Counter[str]()
    for events in made.values():
        way = [what for what, _ in groupby(what for _, _, what, _ in sorted(events) if what)][:length]
        if way:
            ways[" > ".join(way)] += 1
            buying[" > ".join(way)] += any(bought for *_, bought in events)
    rows = sorted(ways.items(), key=lambda each: (-each[1], each[0]))
    return [
        {
            "path": way,
            "steps": way.count(">") + 1,
            "visits": count,
            "share": count / ways.total(),
            "buying": buying[way],
        }
        for way, count in rows
    ]


def searches(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `searches`."""
    by_visit, bots = defaultdict(list), weeks.of_bots()
    for each in weeks.events:
        if within(each["event"]["occurred_at"], days) and each["session_id"] not in bots:
            by_visit[each["session_id"]].append(each["event"])
    found: dict[str, list[tuple[int, bool, bool]]] = defaultdict(list)
    for events in by_visit.values():
        for event in events:
            term = (event["search_query"] or "").strip().lower()
            if event["name"] == "search_submitted" and term:
                later = {other["name"] for other in events if other["occurred_at"] >= event["occurred_at"]}
                found[term].append((len(event["items"]), "product_viewed" in later, "purchase" in later))
    rows = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    return [
        {
            "term": term,
            "searches": len(made),
            "told_no_results": sum(not results for results, *_ in made),
            "results_on_average": sum(results for results, *_ in made) / len(made),
            "then_viewed": sum(viewed for _, viewed, _ in made),
            "then_bought": sum(bought for *_, bought in made),
            "view_rate": sum(viewed for _, viewed, _ in made) / len(made),
            "purchase_rate": sum(bought for *_, bought in made) / len(made),
        }
        for term, made in rows
    ]


def _periods(weeks: Weeks, days: int, every: str) -> dict[date, list[Session]]:
    found: dict[date, list[Session]] = defaultdict(list)
    for visit in weeks.visits():
        if within(visit["started_at"], days):
            found[period(visit["started_at"], every)].append(visit)
    return dict(sorted(found.items()))


def _number(cohort: date, when: date, every: str) -> int:
    if every != "month":
        return (when - cohort).days // {"day": 1, "week": 7}[every]
    return (when.year - cohort.year) * 12 + when.month - cohort.month
