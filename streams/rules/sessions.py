"""Sorts one visitor's events into sessions by the visitor's own time, in whatever order they come.

In: the visitor's sessions and one event. Out: the sessions after it, and which one took it.
A session is an interval: an event within *gap* of it joins it, and an event that joins two makes them one. So the
same events give the same sessions in any order; only a session's id remembers which event came first. Where campaigns
part sessions too, `streams.rules.landings` places events.
"""

from typing import Final

from schemas.records import EpochMillis, Event
from streams.rules.open_sessions import Gone, OpenSession, Placed, Position, by_start, extended, merged, opened

KEPT_MS: Final = 48 * 3_600_000
"""How long a session can still be joined after we last received something of it, however old that was.

By our clock, not the visitor's: a phone that was off for a week sends a week's visits, and they must not fall apart.
"""
MAX_SESSIONS: Final = 128


def place(sessions: tuple[OpenSession, ...], event: Event, *, gap_ms: int, day: int = 0) -> Placed:
    """Put *event* into the session it belongs to, or into a new one."""
    time = event["occurred_at"]
    if sessions:  # nearly always the last one
        last = sessions[-1]
        if last.started_at <= time <= last.ended_at + gap_ms and last.day == day:
            session = extended(last, event)
            return Placed((*sessions[:-1], session), session)
    near = [each for each in sessions if each.day == day and each.started_at - gap_ms <= time <= each.ended_at + gap_ms]
    if not near:
        session = opened(event, day)
    else:
        session = extended(near[0], event)
        for other in near[1:]:
            session = merged(session, other)
    rest = [each for each in sessions if each not in near]
    gone = tuple(Gone(each, session.session_id) for each in near[1:])
    return Placed(by_start([*rest, session]), session, gone)


def containing(sessions: tuple[OpenSession, ...], here: Position, day: int = 0) -> OpenSession | None:
    """Find the session that an event at *here* lies in: of two that meet in one millisecond the one that had begun."""
    for session in reversed(sessions):
        if session.first <= here and here[0] <= session.ended_at and session.day == day:
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
