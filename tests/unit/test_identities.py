"""Timelines: who used one browser when."""

from itertools import permutations

from streams.rules.identities import (
    MAX_EVIDENCE,
    NOBODY,
    SEVERAL,
    Evidence,
    Segments,
    customer_at,
    segments,
    with_customer,
    with_evidence,
)
from tests.builders import MINUTE, NOON

VISIT = (NOON, NOON + 20 * MINUTE)
ANOTHER_VISIT = (NOON + 100 * MINUTE, NOON + 120 * MINUTE)


def timeline_of(*evidence: Evidence) -> Segments:
    kept: tuple[Evidence, ...] = ()
    only = NOBODY
    for time, customer in evidence:
        kept, only = with_evidence(kept, time, customer), with_customer(only, customer)
    return segments([VISIT, ANOTHER_VISIT], kept, only)


def test_nobody_is_known_without_evidence() -> None:
    assert customer_at(timeline_of(), NOON) is None


def test_the_whole_past_belongs_to_the_only_customer_ever() -> None:
    timeline = timeline_of((NOON + 5 * MINUTE, "ada"))

    assert [customer_at(timeline, time) for time in (0, NOON, ANOTHER_VISIT[1])] == ["ada"] * 3


def test_a_shared_device_is_split_by_time_and_its_anonymous_sessions_are_nobodys() -> None:
    timeline = timeline_of((NOON + 5 * MINUTE, "ada"), (ANOTHER_VISIT[0] + MINUTE, "bob"))

    assert customer_at(timeline, NOON) == "ada"  # before the login, in the same visit
    assert customer_at(timeline, VISIT[1]) == "ada"
    assert customer_at(timeline, VISIT[1] + 1) is None
    assert customer_at(timeline, ANOTHER_VISIT[0]) == "bob"
    assert customer_at(timeline, ANOTHER_VISIT[1] + MINUTE) is None


def test_inside_one_visit_the_last_customer_seen_at_or_before_counts() -> None:
    timeline = timeline_of((NOON + 5 * MINUTE, "ada"), (NOON + 10 * MINUTE, "bob"), (NOON + 15 * MINUTE, "ada"))

    times = [NOON, NOON + 5 * MINUTE, NOON + 10 * MINUTE, NOON + 14 * MINUTE, NOON + 15 * MINUTE]
    assert [customer_at(timeline, time) for time in times] == ["ada", "ada", "bob", "bob", "ada"]


def test_the_order_evidence_comes_in_does_not_matter() -> None:
    evidence = [(NOON, "ada"), (NOON + MINUTE, "bob"), (NOON + 30, "ada"), (ANOTHER_VISIT[0], "cyd")]

    assert len({timeline_of(*order) for order in permutations(evidence)}) == 1


def test_two_customers_stay_two_however_often_they_are_seen() -> None:
    assert with_customer(with_customer(SEVERAL, "ada"), "ada") == SEVERAL


def test_evidence_is_bounded_and_keeps_where_customers_change() -> None:
    evidence: tuple[Evidence, ...] = ((NOON, "bob"),)
    for minute in range(1, 500):
        evidence = with_evidence(evidence, NOON + minute * MINUTE, "ada")

    assert len(evidence) == MAX_EVIDENCE
    assert evidence[:2] == ((NOON, "bob"), (NOON + MINUTE, "ada"))
    assert evidence[-1] == (NOON + 499 * MINUTE, "ada")
