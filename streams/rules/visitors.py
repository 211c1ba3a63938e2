"""What is remembered of one browser at one shop, and what one event or one link changes in it.

In: the state and an event or a link. Out: the state after it, and what there is to tell. No clock, no chance.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.click_ids import latest_fbc
from schemas.identifiers import person_id
from schemas.records import EpochMillis, Event
from streams.rules.evidence import (
    NOBODY,
    SEVERAL,
    Evidence,
    Unlink,
    only_customer,
    standing,
    with_evidence,
    with_unlink,
)
from streams.rules.identities import Segments, Span, customer_at, segments, with_spans
from streams.rules.sessions import KEPT_MS, OpenSession, Placed, place, split_expired

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
    """A session that *event_id* merged into another."""

    session: OpenSession
    event_id: str


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
    absorbed: tuple[OpenSession, ...]
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


def visit(state: VisitorState, event: Event, shown: Shown, *, gap_ms: int, day: int = 0) -> Visit:
    """Take *event*, which was not seen before, and what it is believed to have *shown*."""
    received = max(state.received, event["received_at"])
    state = _without_what_is_over(state, received)
    time, event_id = event["occurred_at"], event["event_id"]
    late = time < state.latest
    placed = place(state.sessions, event, gap_ms=gap_ms, day=day)
    evidence, only, logins, tokens = state.evidence, state.only, state.logins, state.tokens
    if shown.customer is not None:
        evidence = with_evidence(evidence, Evidence(time, shown.customer, event["received_at"]))
        only = _only(state, evidence, shown.customer)
        logins = _marked(logins, Mark(shown.customer, placed.session.session_id, event_id))
    if shown.token is not None:
        tokens = _marked(tokens, Mark(shown.token, placed.session.session_id, event_id))
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
        state.fbc if event["fbc"] in (None, state.fbc) else latest_fbc(state.fbc, event["fbc"]),
        state.unlinks,
        max(state.heard, event["received_at"]),
    )
    return Visit(after, placed.session, placed.absorbed, late)


def _with_seen(seen: bytes, event_id: str, late: bool) -> bytes:
    return (seen + _digest(event_id) + (b"\1" if late else b"\0"))[-SEEN_EVENTS * _STRIDE :]


def _without_what_is_over(state: VisitorState, now: EpochMillis) -> VisitorState:
    sessions, ended = split_expired(state.sessions, now)
    if not ended:
        return state
    return state._replace(
        sessions=sessions,
        absorbed=tuple(each for each in state.absorbed if each.session.version >= now - KEPT_MS),
        spans=with_spans(state.spans, map(_span, ended), state.evidence),
    )


def _with_absorbed(absorbed: tuple[Absorbed, ...], placed: Placed, event_id: str) -> tuple[Absorbed, ...]:
    version = placed.session.version
    gone = [Absorbed(each._replace(version=max(each.version, version) + 1), event_id) for each in placed.absorbed]
    return (*absorbed, *gone)[-MAX_MARKS:]


def _marked(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    for known in reversed(marks):
        if known.identifier == mark.identifier and known.session_id == mark.session_id:
            return marks
    return (*marks, mark)[-MAX_MARKS:]


def learn(state: VisitorState, seen: Evidence) -> VisitorState:
    """Take from a link what was *seen*; the same object when that says nothing new."""
    evidence = with_evidence(state.evidence, seen)
    if evidence is state.evidence:
        return state
    return state._replace(
        evidence=evidence, only=_only(state, evidence, seen.customer), heard=max(state.heard, seen.received)
    )


def unlearn(state: VisitorState, unlink: Unlink, heard: EpochMillis) -> VisitorState:
    """Take evidence back, also such as comes after its *unlink*; the same object when that says nothing new."""
    unlinks = with_unlink(state.unlinks, unlink)
    if unlinks is state.unlinks:
        return state
    only = only_customer(standing(state.evidence, unlinks))
    return state._replace(unlinks=unlinks, only=only, heard=max(state.heard, heard))


def _only(state: VisitorState, evidence: tuple[Evidence, ...], customer: str) -> str:
    """Name the only customer after *customer* was seen too."""
    if state.unlinks:
        return only_customer(standing(evidence, state.unlinks))
    return customer if state.only in (NOBODY, customer) else SEVERAL


def timeline(state: VisitorState) -> Segments:
    """Say who used this browser when, as known now."""
    if state.only != SEVERAL:
        return segments((), (), state.only)
    spans = [*state.spans, *map(_span, state.sessions)]
    return segments(spans, standing(state.evidence, state.unlinks), state.only)


def _span(session: OpenSession) -> Span:
    return Span(session.started_at, session.ended_at, session.session_id)


def customer_of(state: VisitorState, time: EpochMillis) -> str | None:
    """Tell which customer was using this browser at *time*, as known now."""
    if state.only == NOBODY:
        return None
    return state.only if state.only != SEVERAL else customer_at(timeline(state), time)


def person_of(state: VisitorState, shop_id: str, visitor_id: str, time: EpochMillis) -> str:
    """Name the person who was using this browser at *time*: the customer if known, else the visitor."""
    customer = customer_of(state, time)
    return visitor_id if customer is None else person_id(shop_id, customer)


def session_customer(state: VisitorState, session: OpenSession) -> str | None:
    """Tell which customer *session* ended with, as known now."""
    return customer_of(state, session.ended_at)
