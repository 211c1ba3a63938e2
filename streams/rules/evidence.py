"""Keeps what was seen of customers on one browser, and takes back what was unlinked.

In: sightings and unlinks, in any order. Out: what is left of them: the same for the same set of both, however it came,
for a sighting that was taken back is kept beside its unlink and only not counted. Only where a browser names customers
in turns within one minute do its own events, which come in one order always, count in that.
"""

from bisect import insort
from collections import Counter
from typing import Final, NamedTuple

from schemas.records import EpochMillis

MAX_EVIDENCE: Final = 50
MAX_UNLINKS: Final = 32
NOBODY: Final = ""
SEVERAL: Final = "*"
"""In place of the browser's only customer, once it had two. No identifier is ever `*`: see `identities.identifies`."""

FOR_EVER: Final = 1 << 62
"""Until when an unlink takes evidence back that no later evidence overrules."""

_RESOLUTION_MS: Final = 60_000


class Evidence(NamedTuple):
    """That *customer* used the browser at *time*, by its own clock; *received*: when we last heard so, by ours.

    *via*: the checkout whose order told it, or '' where the browser itself did.
    """

    time: EpochMillis
    customer: str
    received: EpochMillis
    via: str = ""


class Unlink(NamedTuple):
    """That evidence of *customer* received until *until* does not count; '' is any customer. *via* likewise."""

    customer: str
    via: str
    until: EpochMillis


def with_evidence(
    evidence: tuple[Evidence, ...], seen: Evidence, begun: EpochMillis = 0, ended: EpochMillis = FOR_EVER
) -> tuple[Evidence, ...]:
    """Add what was *seen* in a session from *begun* to *ended*; the same object when that says nothing new.

    All sightings of a customer in one minute are one: seen when the first was, received when the last was. So a page
    of clicks is one piece of evidence, and it is the same piece whichever click came first. Not where the browser named
    another customer between the two, nor those of another session.
    """
    minute, customer, via = seen.time // _RESOLUTION_MS, seen.customer, seen.via
    for back, known in enumerate(reversed(evidence), 1):
        if known.time // _RESOLUTION_MS < minute:
            break
        if (known.customer, known.via, known.time // _RESOLUTION_MS) == (customer, via, minute):
            if not begun <= known.time <= ended:
                continue
            is_latest = back == 1 and known.time <= seen.time  # nearly always: nothing can lie between
            if not via and not is_latest and _another_between(evidence, known, seen):
                continue
            if known.time <= seen.time and known.received >= seen.received:
                return evidence
            seen = Evidence(min(known.time, seen.time), customer, max(known.received, seen.received), via)
            if back == 1 and seen.time == known.time:
                return (*evidence[:-1], seen)
            evidence = tuple(each for each in evidence if each is not known)
            break
    kept = list(evidence)
    insort(kept, seen)
    return tuple(kept if len(kept) <= MAX_EVIDENCE else _thinned(kept))


def _another_between(evidence: tuple[Evidence, ...], known: Evidence, seen: Evidence) -> bool:
    """Tell whether the browser itself named another customer between two sightings of one."""
    begin, end = min(known.time, seen.time), max(known.time, seen.time)
    return any(each.customer != seen.customer and not each.via and begin <= each.time <= end for each in evidence)


def _thinned(evidence: list[Evidence]) -> list[Evidence]:
    """Drop the sighting that stands closest between two of the same customer, else the oldest but of a customer's only.

    The closest, for each visit needs one, and a long visit no more. Were all of a customer dropped, an unlink of
    another could make the browser somebody's alone.
    """
    between = [
        (last.time - first.time, place)
        for place, (first, middle, last) in enumerate(zip(evidence, evidence[1:], evidence[2:], strict=False), 1)
        if first.customer == middle.customer == last.customer
    ]
    if between:
        _, place = min(between)
        middle, last = evidence[place : place + 2]
        heard = last._replace(received=max(middle.received, last.received))
        return [*evidence[:place], heard, *evidence[place + 2 :]]
    times = Counter(seen.customer for seen in evidence)
    dropped = next((seen for seen in evidence if times[seen.customer] > 1), evidence[0])
    return [seen for seen in evidence if seen is not dropped]


def with_unlink(unlinks: tuple[Unlink, ...], unlink: Unlink) -> tuple[Unlink, ...]:
    """Add an *unlink*; the same object when that says nothing new. Of too many, those of longest ago are forgotten."""
    kept = []
    for known in unlinks:
        if known[:2] != unlink[:2]:
            kept.append(known)
        elif known.until >= unlink.until:
            return unlinks
    insort(kept, unlink)
    if len(kept) > MAX_UNLINKS:
        kept.remove(min(kept, key=lambda each: each.until))
    return tuple(kept)


def standing(evidence: tuple[Evidence, ...], unlinks: tuple[Unlink, ...]) -> tuple[Evidence, ...]:
    """List the evidence that no unlink takes back."""
    if not unlinks:
        return evidence
    return tuple(seen for seen in evidence if not any(_takes_back(unlink, seen) for unlink in unlinks))


def _takes_back(unlink: Unlink, seen: Evidence) -> bool:
    return (
        seen.received <= unlink.until
        and unlink.customer in ("", seen.customer)
        and (not unlink.via or unlink.via == seen.via)
    )


def only_customer(evidence: tuple[Evidence, ...]) -> str:
    """Name the only customer ever seen, or `NOBODY`, or `SEVERAL`."""
    customers = {seen.customer for seen in evidence}
    return SEVERAL if len(customers) > 1 else next(iter(customers), NOBODY)
