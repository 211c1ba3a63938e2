"""Remembers which sessions of one browser are none any more, and what they became part of.

In: those known, and what placing an event did. Out: those known after it. A replay says of each again what it says now.
"""

from typing import Final, NamedTuple

from streams.rules.open_sessions import Gone, OpenSession, Placed

MAX_ABSORBED: Final = 16
_SEVERAL: Final = ""


class Absorbed(NamedTuple):
    """A session that became part of the session *into*, or of several where that is its own name; *event_id* is the
    event that told so last.
    """

    session: OpenSession
    event_id: str
    into: str


def with_absorbed(absorbed: tuple[Absorbed, ...], placed: Placed, event_id: str) -> tuple[Absorbed, ...]:
    """Remember which sessions are no more, and say anew of those that became part of these where they are now."""
    version = max(each.version for each in placed.sessions)
    moved = {each.session.session_id: _into(each) for each in placed.gone}
    moved |= {each.session_id: _SEVERAL for each in placed.sessions if each.parted}
    known = []
    for gone, told_by, into in absorbed:
        now = moved.get(into, into)
        name = gone.session_id if now == _SEVERAL else now
        known.append(
            Absorbed(gone, told_by, into) if name == into else Absorbed(_versioned(gone, version), event_id, name)
        )
    new = [Absorbed(_versioned(session, version), event_id, into) for session, into in placed.gone]
    return (*known, *new)[-MAX_ABSORBED:]


def _into(gone: Gone) -> str:
    return _SEVERAL if gone.into == gone.session.session_id else gone.into


def _versioned(session: OpenSession, version: int) -> OpenSession:
    return session._replace(version=max(session.version, version) + 1, steps="", landings=())


def absorbed_by(absorbed: tuple[Absorbed, ...], event_id: str) -> list[Absorbed]:
    """List the sessions of which *event_id* told last that they are part of another."""
    return [each for each in absorbed if each.event_id == event_id]
