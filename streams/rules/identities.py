"""Decides who used one browser when, from what was seen there.

In: evidence, pairs of a time and a customer seen on the browser then, and the spans of its sessions. Out: a timeline.
All are order-free: the same evidence gives the same timeline however it came. Two customers never merge: a browser
that two have used is split by time, and its anonymous sessions belong to nobody.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from schemas.records import EpochMillis

Evidence = tuple[EpochMillis, str]
Span = tuple[EpochMillis, EpochMillis]

MAX_EVIDENCE: Final = 50
MAX_SPANS: Final = 64
NOBODY: Final = ""
SEVERAL: Final = "*"
"""In place of the browser's only customer, once it had two. No identifier is ever `*`: see `identifies`."""

_RESOLUTION_MS: Final = 60_000
_MAX_LENGTH: Final = 255


class Segments(NamedTuple):
    """From `starts[i]` on the browser is used by `customers[i]` ('' is nobody known)."""

    starts: tuple[EpochMillis, ...]
    customers: tuple[str, ...]


UNKNOWN: Final = Segments((), ())


def with_evidence(evidence: tuple[Evidence, ...], time: EpochMillis, customer: str) -> tuple[Evidence, ...]:
    """Add that *customer* was seen at *time*; the same object when that says nothing new.

    Of each customer only the first sighting of a minute is kept, so that a page of clicks is one piece of evidence.
    """
    minute = time // _RESOLUTION_MS
    replaced = None
    for known in reversed(evidence):
        if known[0] // _RESOLUTION_MS == minute and known[1] == customer:
            if known[0] <= time:
                return evidence
            replaced = known
            break
        if known[0] // _RESOLUTION_MS < minute:
            break
    kept = [each for each in evidence if each is not replaced]
    insort(kept, (time, customer))
    return tuple(kept if len(kept) <= MAX_EVIDENCE else _thinned(kept))


def _thinned(evidence: list[Evidence]) -> list[Evidence]:
    """Drop the oldest sighting that stands between two of the same customer, else the oldest."""
    for before in range(len(evidence) - 2):
        if evidence[before][1] == evidence[before + 1][1] == evidence[before + 2][1]:
            return evidence[: before + 1] + evidence[before + 2 :]
    return evidence[1:]


def with_customer(only: str, customer: str) -> str:
    """Tell the browser's only customer ever, after *customer* was seen too; `SEVERAL` once there were two."""
    return customer if only in (NOBODY, customer) else SEVERAL


def with_spans(spans: tuple[Span, ...], ended: Iterable[Span], evidence: tuple[Evidence, ...]) -> tuple[Span, ...]:
    """Remember sessions that have *ended*; of too many, those that tell of nobody are forgotten first."""
    known = sorted({*spans, *ended})
    if len(known) <= MAX_SPANS:
        return tuple(known)
    telling = [span for span in known if any(span[0] <= time <= span[1] for time, _ in evidence)]
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
    changes: list[tuple[EpochMillis, str]] = []
    for (start, end), seen in _by_session(spans, evidence):
        changes.append((start, seen[0][1]))
        changes.extend(seen[1:])
        changes.append((end + 1, NOBODY))
    return _simplified(changes)


def _by_session(spans: Sequence[Span], evidence: Sequence[Evidence]) -> list[tuple[Span, list[Evidence]]]:
    """Sort evidence into its sessions; what lies in none we remember stands for itself."""
    found: dict[Span, list[Evidence]] = {}
    for seen in evidence:
        span = next((each for each in spans if each[0] <= seen[0] <= each[1]), (seen[0], seen[0]))
        found.setdefault(span, []).append(seen)
    return sorted(found.items())


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
    return identifier is not None and len(identifier) <= _MAX_LENGTH and identifier != SEVERAL
