"""Sorts one visitor's events into sessions by the visitor's own time, in whatever order they come.

In: the visitor's sessions and one event. Out: the sessions after it, and which one took it.
A session is an interval: an event within *gap* of it joins it, and an event that joins two makes them one. So the
same events give the same sessions in any order; only a session's id remembers which event came first. An event that
names another campaign than its session began with begins a new one, unless it comes so late that it lies inside one.
"""

from typing import Final, NamedTuple

from schemas import identifiers
from schemas.records import EpochMillis, Event
from streams.rules import campaigns
from streams.rules.campaigns import Campaign, goes_on
from streams.rules.devices import device_of

KEPT_MS: Final = 48 * 3_600_000
"""How long a session can still be joined after we last received something of it, however old that was.

By our clock, not the visitor's: a phone that was off for a week sends a week's visits, and they must not fall apart.
"""
MAX_SESSIONS: Final = 128

# event name -> its counter's place in `OpenSession.counts`
_COUNTED: Final = {
    "page_viewed": 1,
    "product_viewed": 2,
    "product_added_to_cart": 3,
    "checkout_started": 4,
    "checkout_completed": 5,
}

Position = tuple[EpochMillis, int, str]
"""Where an event stands among its visitor's: time, then `seq`, then id."""


class Entry(NamedTuple):
    """How a session began, as its earliest event tells it."""

    url: str | None
    referrer: str | None
    utm: dict[str, str]
    click_ids: dict[str, str]
    device: str
    country: str | None
    language: str | None


class OpenSession(NamedTuple):
    """A session that events may still join. *counts*: events, page views, product views, cart additions, checkouts,
    purchases. *day*: only events of the same day join it (0 where days do not part sessions). *version*: when we last
    received something of it, in milliseconds, and always more than before. *campaign*: what its first event names.
    """

    session_id: str
    started_at: EpochMillis
    ended_at: EpochMillis
    first: Position
    day: int
    counts: tuple[int, ...]
    entry: Entry
    version: int
    campaign: Campaign = campaigns.NONE


class Placed(NamedTuple):
    """What `place` did: the sessions by start, the one that took the event, and those that were merged into it."""

    sessions: tuple[OpenSession, ...]
    session: OpenSession
    absorbed: tuple[OpenSession, ...]


def place(
    sessions: tuple[OpenSession, ...], event: Event, *, gap_ms: int, day: int = 0, campaign: Campaign = campaigns.NONE
) -> Placed:
    """Put *event* into the session it belongs to, or into a new one."""
    time = event["occurred_at"]
    if sessions:  # nearly always the last one
        last = sessions[-1]
        if last.started_at <= time <= last.ended_at + gap_ms and last.day == day and _takes(last, time, campaign):
            session = _extended(last, event)
            return Placed((*sessions[:-1], session), session, ())
    here, same_day = position(event), [each for each in sessions if each.day == day]
    before = [each for each in same_day if each.first <= here and time <= each.ended_at + gap_ms]
    after = [each for each in same_day if each.first > here]
    if before and _takes(before[-1], time, campaign):
        taker = before[-1]
        session = _extended(taker, event)
    elif not before and after and after[0].started_at <= time + gap_ms and goes_on(after[0].campaign, campaign):
        taker = after.pop(0)
        session = _extended(taker, event)._replace(campaign=campaign)
    else:
        taker, session = None, _opened(event, day, campaign)
    absorbed = _followers(after, session, gap_ms)
    for other in absorbed:
        session = _merged(session, other)
    rest = [each for each in sessions if each is not taker and each not in absorbed]
    return Placed(tuple(sorted([*rest, session], key=_by_start)), session, tuple(absorbed))


def _takes(session: OpenSession, time: EpochMillis, campaign: Campaign) -> bool:
    """Tell whether *session* goes on with an event of *campaign*, or has gone on beyond it already."""
    return time < session.ended_at or goes_on(campaign, session.campaign)


def _followers(after: list[OpenSession], session: OpenSession, gap_ms: int) -> list[OpenSession]:
    """List those of the sessions *after* that *session* now reaches to and that go on with it."""
    found: list[OpenSession] = []
    ended_at = session.ended_at
    for each in after:
        if each.started_at - ended_at > gap_ms or not goes_on(each.campaign, session.campaign):
            break
        found.append(each)
        ended_at = max(ended_at, each.ended_at)
    return found


def containing(sessions: tuple[OpenSession, ...], time: EpochMillis, day: int = 0) -> OpenSession | None:
    """Find the session that *time* lies in."""
    for session in reversed(sessions):
        if session.started_at <= time <= session.ended_at and session.day == day:
            return session
    return None


def split_expired(
    sessions: tuple[OpenSession, ...], now: EpochMillis
) -> tuple[tuple[OpenSession, ...], tuple[OpenSession, ...]]:
    """Part *sessions* into those that events may still join and those too old, as of *now* on our clock."""
    horizon = now - KEPT_MS
    if len(sessions) == 1 and sessions[0].version >= horizon:  # nearly always
        return sessions, ()
    if len(sessions) <= MAX_SESSIONS and all(each.version >= horizon for each in sessions):
        return sessions, ()
    kept = tuple(each for each in sessions if each.version >= horizon)[-MAX_SESSIONS:]
    return kept, tuple(each for each in sessions if each not in kept)


def position(event: Event) -> Position:
    """Tell where *event* stands among its visitor's."""
    return (event["occurred_at"], event["seq"] or 0, event["event_id"])


def _by_start(session: OpenSession) -> Position:
    return session.first


def _opened(event: Event, day: int, campaign: Campaign) -> OpenSession:
    counts = [1, 0, 0, 0, 0, 0]
    counted = _COUNTED.get(event["name"])
    if counted is not None:
        counts[counted] = 1
    return OpenSession(
        identifiers.session_id(event["visitor_id"], event["event_id"]),
        event["occurred_at"],
        event["occurred_at"],
        position(event),
        day,
        tuple(counts),
        _entry(event),
        event["received_at"],
        campaign,
    )


def _extended(session: OpenSession, event: Event) -> OpenSession:
    time, counted = event["occurred_at"], _COUNTED.get(event["name"])
    counts = list(session.counts)
    counts[0] += 1
    if counted is not None:
        counts[counted] += 1
    first, entry = session.first, session.entry
    if time <= first[0] and (here := position(event)) < first:
        first, entry = here, _entry(event)
    ended = session.ended_at if session.ended_at >= time else time
    version = event["received_at"] if event["received_at"] > session.version else session.version + 1
    return OpenSession(
        session.session_id, first[0], ended, first, session.day, tuple(counts), entry, version, session.campaign
    )


def _merged(earlier: OpenSession, later: OpenSession) -> OpenSession:
    return earlier._replace(
        ended_at=max(earlier.ended_at, later.ended_at),
        counts=tuple(one + other for one, other in zip(earlier.counts, later.counts, strict=True)),
        version=max(earlier.version, later.version),
    )


def _entry(event: Event) -> Entry:
    return Entry(
        event["url"],
        event["referrer"],
        event["utm"],
        event["click_ids"],
        device_of(event["user_agent"]),
        event["country"],
        event["language"],
    )
