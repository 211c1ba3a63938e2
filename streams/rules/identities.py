"""Decides who used one browser when, from what was seen there.

In: the evidence that stands (`streams.rules.evidence`), and the spans of the browser's sessions. Out: a timeline.
The same evidence gives the same timeline however it came. Two customers never merge: a browser that two have used is
split by time, and its anonymous sessions belong to nobody.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas.records import EpochMillis
from streams.rules.evidence import NOBODY, SEVERAL, Evidence

MAX_SPANS: Final = 64
_MAX_LENGTH: Final = 255
_OUR_NAMES: Final = ("order:", "cart:", "customer:")
"""What we put before identifiers of other kinds: no sender may name a checkout so."""


class Span(NamedTuple):
    """A session that is over."""

    started_at: EpochMillis
    ended_at: EpochMillis
    session_id: str


class Segments(NamedTuple):
    """From `starts[i]` on the browser is used by `customers[i]` ('' is nobody known)."""

    starts: tuple[EpochMillis, ...]
    customers: tuple[str, ...]


UNKNOWN: Final = Segments((), ())


def with_spans(spans: tuple[Span, ...], ended: Iterable[Span], evidence: tuple[Evidence, ...]) -> tuple[Span, ...]:
    """Remember sessions that have *ended*; of too many, those that tell of nobody are forgotten first."""
    known = sorted({*spans, *ended})
    if len(known) <= MAX_SPANS:
        return tuple(known)
    telling = [span for span in known if any(span.started_at <= seen.time <= span.ended_at for seen in evidence)]
    silent = [span for span in known if span not in telling]
    room = max(0, MAX_SPANS - len(telling))
    return tuple(sorted(telling[-MAX_SPANS:] + (silent[-room:] if room else [])))


def segments(spans: Sequence[Span], evidence: Sequence[Evidence], only: str) -> Segments:
    """Say who used the browser when.

    a) In a session with evidence, the customer seen last at or before an event, else the first one after it.
    b) A session without evidence belongs to the browser's *only* customer ever.
    c) Once there have been several, it belongs to nobody: a shared device is never guessed.
    """
    if only != SEVERAL:
        return Segments((0,), (only,)) if only else UNKNOWN
    sessions = _by_session(spans, evidence)
    changes: list[tuple[EpochMillis, str]] = []
    for start, end, seen in sessions:
        changes.append((start, seen[0].customer))
        changes.extend((each.time, each.customer) for each in seen)
        # Two sessions may meet in one millisecond: where one ends within another, that goes on.
        if not any(begun <= end + 1 <= ended for begun, ended, _ in sessions):
            changes.append((end + 1, NOBODY))
    return _simplified(sorted(changes, key=_time))


def _time(change: tuple[EpochMillis, str]) -> EpochMillis:
    return change[0]


def _by_session(
    spans: Sequence[Span], evidence: Sequence[Evidence]
) -> list[tuple[EpochMillis, EpochMillis, list[Evidence]]]:
    """Sort evidence into its sessions; what lies in none we remember stands for itself."""
    found: dict[tuple[EpochMillis, EpochMillis], list[Evidence]] = {}
    for seen in evidence:
        within = ((each.started_at, each.ended_at) for each in spans if each.started_at <= seen.time <= each.ended_at)
        found.setdefault(next(within, (seen.time, seen.time)), []).append(seen)
    return sorted((start, end, each) for (start, end), each in found.items())


def _simplified(changes: list[tuple[EpochMillis, str]]) -> Segments:
    starts: list[EpochMillis] = []
    customers: list[str] = []
    for time, customer in changes:
        if starts and starts[-1] == time:
            starts.pop()
            customers.pop()
        if (customers[-1] if customers else NOBODY) != customer:
            starts.append(time)
            customers.append(customer)
    return Segments(tuple(starts), tuple(customers))


def customer_at(timeline: Segments, time: EpochMillis) -> str | None:
    """Tell who used the browser at *time*, if that is known."""
    place = bisect_right(timeline.starts, time)
    return (timeline.customers[place - 1] or None) if place else None


def identifies(identifier: str | None) -> bool:
    """Tell whether a customer id, token or client id may be evidence at all, beyond the closed list of junk."""
    return (
        identifier is not None
        and len(identifier) <= _MAX_LENGTH
        and identifier != SEVERAL
        and not identifier.startswith(_OUR_NAMES)
    )
