"""The funnel in plain Python: by trying every way, not as ClickHouse does it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from schemas.records import Event
from tests.oracles.weeks import HOUR, Weeks, source

DEFAULT = ("product_viewed", "product_added_to_cart", "checkout_started", "purchase")
Made = tuple[int, str]


def level(made: Iterable[Made], steps: Sequence[str], window: int) -> int:
    """Count how many *steps* were made in order: each by an event of its own, the last within *window* of the first.

    Things of one time happened in the order in which their names come first in the funnel.
    """
    events = sorted((each for each in made if each[1] in steps), key=lambda each: (each[0], steps.index(each[1])))

    def further(number: int, first_at: int, index: int) -> int:
        if number == len(steps):
            return number
        best = number
        for place in range(index, len(events)):
            when, name = events[place]
            first = when if number == 0 else first_at
            if name == steps[number] and when - first <= window:
                best = max(best, further(number + 1, first, place + 1))
        return best

    return further(0, 0, 0)


def shortest(made: Iterable[Made], steps: Sequence[str], window: int) -> int | None:
    """Tell the least time from the first of *steps* to the last; None if they were not all made within *window*."""
    events, found = sorted(made, key=lambda each: (each[0], steps.index(each[1]))), []

    def further(number: int, first_at: int, index: int) -> None:
        if number == len(steps):
            found.append(events[index - 1][0] - first_at)
            return
        for place in range(index, len(events)):
            when, name = events[place]
            if name == steps[number] and (number == 0 or when - first_at <= window):
                further(number + 1, when if number == 0 else first_at, place + 1)

    further(0, 0, 0)
    return min(found, default=None)


def funnel(weeks: Weeks, *, days: int, by: str, breakdown: str, window_hours: int, steps: str = "") -> list[Any]:
    """Answer `funnel`."""
    names = steps.split(",") if steps else DEFAULT
    walked: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in weeks.did_people(days):
        who = _who(weeks, event, by)
        for part in _parts(event, breakdown):
            if event["name"] in names:
                walked[who, part].append(event)
    levels: dict[str, Counter[int]] = defaultdict(Counter)
    for (_, part), events in walked.items():
        reached = level([(each["occurred_at"], each["name"]) for each in events], names, window_hours * HOUR)
        if reached:
            segment = _segment(weeks, events, names[0], breakdown)
            levels[part if segment is None else segment][reached] += 1
    rows = []
    for segment, counts in levels.items():
        for step, name in enumerate(names, 1):
            persons = sum(count for reached, count in counts.items() if reached >= step)
            before = persons + counts[step - 1]
            rows.append((-counts.total(), segment, step, name, persons, counts[step - 1] if step > 1 else 0, before))
    return [
        {
            "segment": segment,
            "step": step,
            "reached": name,
            "made_it": persons,
            "lost": lost,
            "of_previous": persons / before if before else None,
            "of_first": persons / -whole,
        }
        for whole, segment, step, name, persons, lost, before in sorted(rows)
    ]


def funnel_times(weeks: Weeks, *, days: int, by: str, window_hours: int, steps: str) -> list[Any]:
    """Answer `funnel_times`."""
    names, made = steps.split(","), defaultdict(list)
    for event in weeks.did_people(days):
        if event["name"] in names:
            made[_who(weeks, event, by)].append((event["occurred_at"], event["name"]))
    taken = sorted(t for each in made.values() if (t := shortest(each, names, window_hours * HOUR)) is not None)

    def within(share: float) -> float:  # linear between ranks, as spreadsheets do
        place = share * (len(taken) - 1)
        low, part = int(place), place - int(place)
        return taken[low] + (taken[min(low + 1, len(taken) - 1)] - taken[low]) * part

    told = {"fastest": 0.0, "quarter_within": 0.25, "half_within": 0.5, "three_quarters_within": 0.75}
    told |= {"nine_tenths_within": 0.9, "slowest": 1.0}
    return [{"converted": len(taken)} | {f"{name}_seconds": within(share) / 1000 for name, share in told.items()}]


def funnel_dropoff(weeks: Weeks, *, days: int, made: int, window_hours: int) -> list[Any]:
    """Answer `funnel_dropoff`, without what else it tells of people."""
    walked: dict[str, list[Made]] = defaultdict(list)
    for event in weeks.did_people(days):
        if event["name"] in DEFAULT:
            walked[_who(weeks, event, "person")].append((event["occurred_at"], event["name"]))
    stopped = [
        (-max(at for at, _ in each), who)
        for who, each in walked.items()
        if level(each, DEFAULT, window_hours * HOUR) == made
    ]
    return [{"person": who} for _, who in sorted(stopped)]


def _who(weeks: Weeks, event: Event, by: str) -> str:
    if by == "session":
        return next(each["session_id"] for each in weeks.events if each["event"] is event)
    return weeks.person(event["visitor_id"], event["occurred_at"])


def _parts(event: Event, breakdown: str) -> set[str]:
    if breakdown == "product":
        return {item["product_id"] or "(none)" for item in event["items"]}
    return {item["category"] or "(none)" for item in event["items"]} if breakdown == "category" else {"all"}


def _segment(weeks: Weeks, events: list[Event], first: str, breakdown: str) -> str | None:
    """Look at the visit the first step was first made in; UUIDs in ClickHouse's order: second half, then first."""
    of: dict[str, Callable[[Any], str]] = {
        "device": lambda session: str(session["device"]),
        "source": source,
        "campaign": lambda session: str(session["utm"].get("campaign", "(none)")),
    }
    if breakdown not in of:
        return None
    ids = {id(each["event"]): UUID(each["session_id"]) for each in weeks.events}
    _, _, _, session_id = min(
        (each["occurred_at"], ids[id(each)].int & (2**64 - 1), ids[id(each)].int >> 64, str(ids[id(each)]))
        for each in events
        if each["name"] == first
    )
    session = next((s for s in weeks.sessions if s["session_id"] == session_id and not s["deleted"]), None)
    return of[breakdown](session) if session else "(none)"
