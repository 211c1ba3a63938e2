"""Tells which customer and which person used a browser when, and takes what others know of that.

In: what is remembered of one browser, and what links tell. Out: the state after it, a timeline, a customer, a person.
"""

from schemas.identifiers import person_id
from schemas.records import EpochMillis
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
from streams.rules.identities import Segments, customer_at, segments
from streams.rules.open_sessions import OpenSession
from streams.rules.visitors import VisitorState, only_after, span_of


def knows(state: VisitorState, customer: str) -> bool:
    """Tell whether *customer* was ever seen on this browser."""
    return any(seen.customer == customer for seen in state.evidence)


def learn(state: VisitorState, seen: Evidence) -> VisitorState:
    """Take from a link what was *seen*; the same object when that says nothing new."""
    evidence = with_evidence(state.evidence, seen)
    if evidence is state.evidence:
        return state
    return state._replace(
        evidence=evidence, only=only_after(state, evidence, seen.customer), heard=max(state.heard, seen.received)
    )


def unlearn(state: VisitorState, unlink: Unlink, heard: EpochMillis) -> VisitorState:
    """Take evidence back, also such as comes after its *unlink*; the same object when that says nothing new."""
    unlinks = with_unlink(state.unlinks, unlink)
    if unlinks is state.unlinks:
        return state
    only = only_customer(standing(state.evidence, unlinks))
    return state._replace(unlinks=unlinks, only=only, heard=max(state.heard, heard))


def timeline(state: VisitorState) -> Segments:
    """Say who used this browser when, as known now."""
    if state.only != SEVERAL:
        return segments((), (), state.only)
    spans = [*state.spans, *map(span_of, state.sessions)]
    return segments(spans, standing(state.evidence, state.unlinks), state.only)


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
