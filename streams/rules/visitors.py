"""What is remembered of one browser at one shop, and what one event or one link changes in it.

In: the state and an event or a link. Out: the state after it, and what there is to tell. No clock, no chance.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.click_ids import fbc_from_click, latest_fbc
from schemas.records import EpochMillis, Event
from streams.rules import campaigns
from streams.rules.campaigns import Campaign
from streams.rules.evidence import (
    NOBODY,
    SEVERAL,
    Evidence,
    Unlink,
    only_customer,
    standing,
    with_evidence,
)
from streams.rules.identities import Span, with_spans
from streams.rules.sessions import KEPT_MS, OpenSession, Placed, containing, place, split_expired

SEEN_EVENTS: Final = 128
MAX_MARKS: Final = 16

_DIGEST: Final = 8
_STRIDE: Final = _DIGEST + 1
_NOT_YET: Final = -1


class Mark(NamedTuple):
    """The first time a session showed an identifier: *event_id* is the event that did."""

    identifier: str
    session_id: str
    event_id: str


class Absorbed(NamedTuple):
    """A session that became part of the session *into*; *event_id* is the event that told so last."""

    session: OpenSession
    event_id: str
    into: str


class VisitorState(NamedTuple):
    """One browser. *applied*: the last offsets taken from `events.received` and `identities.linked`.

    *seen*: per event of late its digest and one byte, 1 if it came late. *latest* and *received*: the greatest times
    seen, by the visitor's clock and ours. *spans*: sessions that are over. *only*: see `evidence.only_customer`.
    *heard*: when we last heard of this browser at all.
    """

    client_id: str
    applied: tuple[int, int] = (_NOT_YET, _NOT_YET)
    seen: bytes = b""
    latest: EpochMillis = 0
    received: EpochMillis = 0
    sessions: tuple[OpenSession, ...] = ()
    absorbed: tuple[Absorbed, ...] = ()
    spans: tuple[Span, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    only: str = NOBODY
    timeline_version: int = 0
    logins: tuple[Mark, ...] = ()
    tokens: tuple[Mark, ...] = ()
    fbp: str | None = None
    fbc: str | None = None
    unlinks: tuple[Unlink, ...] = ()
    heard: EpochMillis = 0


class Shown(NamedTuple):
    """What an event is evidence of: a customer; a checkout, or a cart; and an order, by the names of their places."""

    customer: str | None = None
    token: str | None = None
    order: str | None = None


class Visit(NamedTuple):
    """What one event did: the state after it, its session, and whether it came after later ones of its visitor."""

    state: VisitorState
    session: OpenSession
    absorbed: list[Absorbed]
    late: bool


def was_seen(state: VisitorState, event_id: str) -> bool | None:
    """Tell whether the event was among the last seen: None if not, else whether it had come late."""
    digest = _digest(event_id)
    found = state.seen.find(digest)
    while found >= 0 and found % _STRIDE:
        found = state.seen.find(digest, found + 1)
    return None if found < 0 else state.seen[found + _DIGEST] == 1


@lru_cache(maxsize=256)
def _digest(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=_DIGEST).digest()


class Bounds(NamedTuple):
    """What parts a shop's sessions: silence, and where it wants that, the *day* and the *campaign* of the event."""

    gap_ms: int
    day: int = 0
    campaign: Campaign = campaigns.NONE


def _clicked(event: Event) -> str | None:
    """Build the click that *event* landed with, where the page had no cookie of it yet: it is seen first now."""
    fbclid = event["click_ids"].get("fbclid")
    return fbc_from_click(fbclid, event["occurred_at"]) if fbclid else None


def visit(state: VisitorState, event: Event, shown: Shown, bounds: Bounds) -> Visit:
    """Take *event*, which was not seen before, and what it is believed to have *shown*."""
    received = max(state.received, event["received_at"])
    state = _without_what_is_over(state, received)
    time, event_id = event["occurred_at"], event["event_id"]
    late = time < state.latest
    placed = place(state.sessions, event, gap_ms=bounds.gap_ms, day=bounds.day, campaign=bounds.campaign)
    evidence, only, logins, tokens = state.evidence, state.only, state.logins, state.tokens
    if shown.customer is not None:
        evidence = with_evidence(evidence, Evidence(time, shown.customer, event["received_at"]))
        only = only_after(state, evidence, shown.customer)
        logins = _marked(logins, Mark(shown.customer, placed.session.session_id, event_id))
    if shown.token is not None:
        tokens = _marked(tokens, Mark(shown.token, placed.session.session_id, event_id))
    fbc = event["fbc"] or _clicked(event)
    after = VisitorState(
        state.client_id,
        state.applied,
        _with_seen(state.seen, event_id, late),
        state.latest if late else time,
        received,
        placed.sessions,
        _with_absorbed(state.absorbed, placed, event_id) if placed.absorbed else state.absorbed,
        state.spans,
        evidence,
        only,
        state.timeline_version,
        logins,
        tokens,
        event["fbp"] or state.fbp,
        state.fbc if fbc in (None, state.fbc) else latest_fbc(state.fbc, fbc),
        state.unlinks,
        max(state.heard, event["received_at"]),
    )
    return Visit(after, placed.session, absorbed_by(after, event_id) if placed.absorbed else [], late)


def absorbed_by(state: VisitorState, event_id: str) -> list[Absorbed]:
    """List the sessions of which *event_id* told last that they are part of another."""
    return [each for each in state.absorbed if each.event_id == event_id]


def _with_seen(seen: bytes, event_id: str, late: bool) -> bytes:
    return (seen + _digest(event_id) + (b"\1" if late else b"\0"))[-SEEN_EVENTS * _STRIDE :]


def _without_what_is_over(state: VisitorState, now: EpochMillis) -> VisitorState:
    sessions, ended = split_expired(state.sessions, now)
    if not ended:
        return state
    return state._replace(
        sessions=sessions,
        absorbed=tuple(each for each in state.absorbed if each.session.version >= now - KEPT_MS),
        spans=with_spans(state.spans, map(span_of, ended), state.evidence),
    )


def _with_absorbed(absorbed: tuple[Absorbed, ...], placed: Placed, event_id: str) -> tuple[Absorbed, ...]:
    """Remember what was merged, and say anew of those that were merged into these where they are now."""
    into, version = placed.session.session_id, placed.session.version
    gone = {each.session_id for each in placed.absorbed}
    kept = [
        Absorbed(_versioned(each.session, version), event_id, into) if each.into in gone else each for each in absorbed
    ]
    return (*kept, *(Absorbed(_versioned(each, version), event_id, into) for each in placed.absorbed))[-MAX_MARKS:]


def _versioned(session: OpenSession, version: int) -> OpenSession:
    return session._replace(version=max(session.version, version) + 1)


def _marked(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    for known in reversed(marks):
        if known.identifier == mark.identifier and known.session_id == mark.session_id:
            return marks
    return (*marks, mark)[-MAX_MARKS:]


def said_in(state: VisitorState, time: EpochMillis, day: int) -> str | None:
    """Name the session that an event of *time*, taken before, belongs to, also when that is long over."""
    session = containing(state.sessions, time, day)
    if session is not None:
        return session.session_id
    return next((span.session_id for span in reversed(state.spans) if span.started_at <= time <= span.ended_at), None)


def span_of(session: OpenSession) -> Span:
    """Keep of *session* what is needed once it is over."""
    return Span(session.started_at, session.ended_at, session.session_id)


def only_after(state: VisitorState, evidence: tuple[Evidence, ...], customer: str) -> str:
    """Name the only customer after *customer* was seen too."""
    if state.unlinks:
        return only_customer(standing(evidence, state.unlinks))
    return customer if state.only in (NOBODY, customer) else SEVERAL
