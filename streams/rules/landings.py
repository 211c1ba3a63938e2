"""Sorts one visitor's events into sessions where, beside silence, another campaign begins a session too.

As `streams.rules.sessions.place`, and as free of the order in which events come: a landing that comes after later
events of its visit takes over those that follow it, and the sessions are those that would be had all come in order.
For that a session keeps its events one by one (`streams.rules.steps`), some 150 of them. A landing before that many
events parts nothing: it is counted where it lies.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas import identifiers
from schemas.records import Event
from streams.rules.campaigns import NONE, Campaign, goes_on
from streams.rules.open_sessions import (
    Gone,
    OpenSession,
    Placed,
    by_start,
    entry_of,
    extended,
    opened,
    position,
    version_after,
)
from streams.rules.steps import Step, bounded, is_among_several, step_of, steps_of, with_step, with_steps


def place_by_campaign(
    sessions: tuple[OpenSession, ...], event: Event, *, gap_ms: int, day: int, campaign: Campaign
) -> Placed:
    """Put *event*, whose address names *campaign*, into the session it belongs to, or into a new one."""
    last = sessions[-1] if sessions else None
    if last is None or event["occurred_at"] > last.ended_at or (campaign == NONE and position(event) > last.first):
        time = event["occurred_at"]
        follows = last is not None and last.day == day and last.ended_at <= time <= last.ended_at + gap_ms
        if last is not None and follows and goes_on(campaign, last.campaign):  # nearly always
            session = with_step(extended(last, event), event, campaign)
            return Placed((*sessions[:-1], session), session)
        if last is None or time > last.ended_at:
            session = with_step(opened(event, day, campaign), event, campaign)
            return Placed(bounded((*sessions, session)), session)
    near = _reached(sessions, event, gap_ms, day)
    steps = [step for session in near for step in steps_of(session)]
    for session in near:
        if is_among_several(steps_of(session), position(event)):
            after = extended(session, event)
            return Placed(tuple(after if each is session else each for each in sessions), after)
    return _sorted_anew(sessions, near, _parted([*steps, step_of(event, campaign)]), event, day)


def _reached(sessions: tuple[OpenSession, ...], event: Event, gap_ms: int, day: int) -> list[OpenSession]:
    """List the sessions of which no silence parts *event*, also those beyond others."""
    found: list[OpenSession] = []
    groups: list[list[OpenSession]] = []
    ended_at = 0
    for session in sessions:
        if session.day != day:
            continue
        if not groups or session.started_at > ended_at + gap_ms:
            groups.append([])
        groups[-1].append(session)
        ended_at = max(each.ended_at for each in groups[-1])
    for group in groups:
        end = max(each.ended_at for each in group)
        if group[0].started_at - gap_ms <= event["occurred_at"] <= end + gap_ms:
            found += group
    return found


def _parted(steps: Iterable[Step]) -> list[list[Step]]:
    """Part *steps* where one names another campaign than the first of its session did."""
    parts: list[list[Step]] = []
    for step in sorted(steps, key=lambda each: each.position):
        if not parts or not goes_on(step.campaign, parts[-1][0].campaign):
            parts.append([])
        parts[-1].append(step)
    return parts


class _Names(NamedTuple):
    """Of the old sessions, by id: the sessions, and the parts in which their events are now."""

    sessions: dict[str, OpenSession]
    parts: dict[str, list[int]]


def _sorted_anew(
    sessions: tuple[OpenSession, ...],
    near: Sequence[OpenSession],
    parts: list[list[Step]],
    event: Event,
    day: int,
) -> Placed:
    """Make *parts* the sessions, in place of those *near*."""
    known = _Names({each.session_id: each for each in near}, {each.session_id: [] for each in near})
    for number, part in enumerate(parts):
        for owner in dict.fromkeys(step.owner for step in part if step.owner):
            known.parts[owner].append(number)
    names = [_name_of(number, part, known, event) for number, part in enumerate(parts)]
    made = [_session(part, name, known, event, day) for part, name in zip(parts, names, strict=True)]
    gone = tuple(_gone(each, known, names) for each in near if each.session_id not in names)
    taker = next(session for part, session in zip(parts, made, strict=True) if any(not step.owner for step in part))
    others = frozenset(each.session_id for each in made if each != known.sessions.get(each.session_id))
    rest = [each for each in sessions if each.session_id not in known.sessions]
    return Placed(bounded(by_start([*rest, *made])), taker, gone, others - {taker.session_id})


def _gone(session: OpenSession, known: _Names, names: Sequence[str]) -> Gone:
    parts = known.parts[session.session_id]
    is_in_one = len(parts) == 1 and not session.parted
    return Gone(session, names[parts[0]] if is_in_one else session.session_id)


def _name_of(number: int, part: list[Step], known: _Names, event: Event) -> str:
    """Name a part: as the earliest old session that begins in it, else after its first event, and never as before."""
    for session in by_start(known.sessions.values()):
        if known.parts[session.session_id][0] == number:
            return session.session_id
    first, own = part[0].position[2], event["event_id"]
    return identifiers.session_id(event["visitor_id"], own if not part[0].owner else f"{first}\x1f{own}")


def _session(part: list[Step], name: str, known: _Names, event: Event, day: int) -> OpenSession:
    before, first = known.sessions.get(name), part[0]
    session = OpenSession(
        name,
        first.position[0],
        max(step.ended_at for step in part),
        first.position,
        day,
        tuple(map(sum, zip(*(step.counts for step in part), strict=True))),
        first.entry or entry_of(event),
        before.version if before is not None else event["received_at"],
        first.campaign,
        parted=before is not None and (before.parted or len(known.parts[name]) > 1),
    )
    session = with_steps(session, part)
    if before is None or session == before:
        return session
    return session._replace(version=version_after(before, event))
