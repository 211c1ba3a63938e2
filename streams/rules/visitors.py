"""What is remembered of one browser at one shop, and what one event or one link changes in it.

In: the state and an event or a link. Out: the state after it, and what there is to tell. No clock, no chance.
"""

from typing import Final, NamedTuple

from schemas.click_ids import latest_fbc
from schemas.records import EpochMillis, Event
from streams.rules.absorbed import Absorbed, absorbed_by, with_absorbed
from streams.rules.browser_ids import click_of
from streams.rules.campaigns import Campaign
from streams.rules.carts import NONE, Carts, with_event
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
from streams.rules.landings import place_by_campaign
from streams.rules.open_sessions import OpenSession, Placed, position
from streams.rules.seen import with_seen
from streams.rules.sessions import KEPT_MS, containing, place, split_expired

MAX_MARKS: Final = 16
_NOT_YET: Final = -1


class Mark(NamedTuple):
    """The first time a session showed an identifier: *event_id* is the event that did."""

    identifier: str
    session_id: str
    event_id: str


class VisitorState(NamedTuple):
    """One browser. *applied*: the last offsets taken from `events.received` and `identities.linked`.

    *seen*: see `streams.rules.seen`. *latest* and *received*: the greatest times
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
    carts: Carts = NONE


class Shown(NamedTuple):
    """What an event is evidence of: a customer; a checkout, or a cart; and an order, by the names of their places."""

    customer: str | None = None
    token: str | None = None
    order: str | None = None


class Visit(NamedTuple):
    """What one event did: the state after it, its session, sessions that are no more, whether it came after later ones
    of its visitor, and the ids of *others* of its sessions that changed.
    """

    state: VisitorState
    session: OpenSession
    absorbed: list[Absorbed]
    late: bool
    others: frozenset[str]


class Bounds(NamedTuple):
    """What parts a shop's sessions: silence, and where it wants that, the *day* and the *campaign* of the event."""

    gap_ms: int
    day: int = 0
    campaign: Campaign | None = None


def visit(state: VisitorState, event: Event, shown: Shown, bounds: Bounds) -> Visit:
    """Take *event*, which was not seen before, and what it is believed to have *shown*."""
    received = max(state.received, event["received_at"])
    state = _without_what_is_over(state, received)
    time, event_id = event["occurred_at"], event["event_id"]
    late = time < state.latest
    placed = _placed(state.sessions, event, bounds)
    evidence, only, logins, tokens = state.evidence, state.only, state.logins, state.tokens
    if shown.customer is not None:
        seen, here = Evidence(time, shown.customer, event["received_at"]), placed.session
        evidence = with_evidence(evidence, seen, here.started_at, here.ended_at)
        only = only_after(state, evidence, shown.customer)
        logins = _marked(logins, Mark(shown.customer, placed.session.session_id, event_id))
    if shown.token is not None:
        tokens = _marked(tokens, Mark(shown.token, placed.session.session_id, event_id))
    fbc = click_of(event)
    after = VisitorState(
        state.client_id,
        state.applied,
        with_seen(state.seen, event_id, late),
        state.latest if late else time,
        received,
        placed.sessions,
        with_absorbed(state.absorbed, placed, event_id) if placed.gone or placed.others else state.absorbed,
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
        state.carts if shown.token is None else with_event(state.carts, event),
    )
    told = absorbed_by(after.absorbed, event_id) if after.absorbed is not state.absorbed else []
    return Visit(after, placed.session, told, late, placed.others)


def _placed(sessions: tuple[OpenSession, ...], event: Event, bounds: Bounds) -> Placed:
    if bounds.campaign is None:
        return place(sessions, event, gap_ms=bounds.gap_ms, day=bounds.day)
    return place_by_campaign(sessions, event, gap_ms=bounds.gap_ms, day=bounds.day, campaign=bounds.campaign)


def _without_what_is_over(state: VisitorState, now: EpochMillis) -> VisitorState:
    sessions, ended = split_expired(state.sessions, now)
    if not ended:
        return state
    return state._replace(
        sessions=sessions,
        absorbed=tuple(each for each in state.absorbed if each.session.version >= now - KEPT_MS),
        spans=with_spans(state.spans, map(span_of, ended), state.evidence),
    )


def _marked(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    for known in reversed(marks):
        if known.identifier == mark.identifier and known.session_id == mark.session_id:
            return marks
    return (*marks, mark)[-MAX_MARKS:]


def said_in(state: VisitorState, event: Event, day: int) -> str | None:
    """Name the session that *event*, taken before, belongs to, also when that is long over."""
    session, time = containing(state.sessions, position(event), day), event["occurred_at"]
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
