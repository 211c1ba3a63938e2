"""What a session that events may still join is, and what one event makes of it."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas import identifiers
from schemas.records import EpochMillis, Event
from streams.rules.campaigns import NONE, Campaign
from streams.rules.devices import device_of

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


class Landing(NamedTuple):
    """An event in the midst of a session that names its campaign: how a session would begin with it."""

    campaign: Campaign
    entry: Entry


class OpenSession(NamedTuple):
    """A session that events may still join. *counts*: events, page views, product views, cart additions, checkouts,
    purchases. *day*: only events of the same day join it (0 where days do not part sessions). *version*: when we last
    received something of it, in milliseconds, and always more than before.

    Where campaigns part sessions: *campaign* is what its first event names; *steps* and *landings* its events, see
    `streams.rules.steps`; *parted*: events that left with its name have turned out to be another's.
    """

    session_id: str
    started_at: EpochMillis
    ended_at: EpochMillis
    first: Position
    day: int
    counts: tuple[int, ...]
    entry: Entry
    version: int
    campaign: Campaign = NONE
    steps: str = ""
    landings: tuple[Landing, ...] = ()
    parted: bool = False


class Gone(NamedTuple):
    """A session that is none any more, and the id of the one its events are in now; its own: they are in several."""

    session: OpenSession
    into: str


class Placed(NamedTuple):
    """What placing an event did: the sessions by start, the one that took the event, those that are no more, and the
    ids of the *others* that changed with them.
    """

    sessions: tuple[OpenSession, ...]
    session: OpenSession
    gone: tuple[Gone, ...] = ()
    others: frozenset[str] = frozenset()


def position(event: Event) -> Position:
    """Tell where *event* stands among its visitor's."""
    return (event["occurred_at"], event["seq"] or 0, event["event_id"])


def by_start(sessions: Iterable[OpenSession]) -> tuple[OpenSession, ...]:
    """Put *sessions* in order."""
    return tuple(sorted(sessions, key=_first))


def _first(session: OpenSession) -> Position:
    return session.first


def counts_of(event: Event) -> tuple[int, ...]:
    """Count one *event*."""
    counts, counted = [1, 0, 0, 0, 0, 0], counted_as(event)
    if counted:
        counts[counted] = 1
    return tuple(counts)


def counted_as(event: Event) -> int:
    """Tell at which place of `OpenSession.counts` *event* counts beside the first; 0 where only there."""
    return _COUNTED.get(event["name"], 0)


def opened(event: Event, day: int, campaign: Campaign = NONE) -> OpenSession:
    """Begin a session with *event*."""
    return OpenSession(
        identifiers.session_id(event["visitor_id"], event["event_id"]),
        event["occurred_at"],
        event["occurred_at"],
        position(event),
        day,
        counts_of(event),
        entry_of(event),
        event["received_at"],
        campaign,
    )


def extended(session: OpenSession, event: Event) -> OpenSession:
    """Add *event* to *session*."""
    time, counted = event["occurred_at"], counted_as(event)
    counts = list(session.counts)
    counts[0] += 1
    if counted:
        counts[counted] += 1
    first, entry = session.first, session.entry
    if time <= first[0] and (here := position(event)) < first:
        first, entry = here, entry_of(event)
    return OpenSession(
        session.session_id,
        first[0],
        session.ended_at if session.ended_at >= time else time,
        first,
        session.day,
        tuple(counts),
        entry,
        version_after(session, event),
        *session[8:],
    )


def version_after(session: OpenSession, event: Event) -> int:
    """Number what *session* becomes with *event*."""
    return event["received_at"] if event["received_at"] > session.version else session.version + 1


def merged(earlier: OpenSession, later: OpenSession) -> OpenSession:
    """Make two sessions one."""
    return earlier._replace(
        ended_at=max(earlier.ended_at, later.ended_at),
        counts=tuple(one + other for one, other in zip(earlier.counts, later.counts, strict=True)),
        version=max(earlier.version, later.version),
    )


def entry_of(event: Event) -> Entry:
    """Read how a session begins with *event*."""
    return Entry(
        event["url"],
        event["referrer"],
        event["utm"],
        event["click_ids"],
        device_of(event["user_agent"]),
        event["country"],
        event["language"],
    )
