"""Timelines: who used one browser when."""

from itertools import permutations

import pytest

from streams.rules.evidence import (
    MAX_EVIDENCE,
    MAX_UNLINKS,
    NOBODY,
    SEVERAL,
    Evidence,
    Unlink,
    only_customer,
    standing,
    with_evidence,
    with_unlink,
)
from streams.rules.identities import Segments, Span, customer_at, segments
from tests.builders import MINUTE, NOON

HOUR = 60 * MINUTE
VISIT = Span(NOON, NOON + 20 * MINUTE, "visit")
ANOTHER_VISIT = Span(NOON + 100 * MINUTE, NOON + 120 * MINUTE, "another")


def timeline_of(*seen: tuple[int, str], unlinks: tuple[Unlink, ...] = ()) -> Segments:
    kept: tuple[Evidence, ...] = ()
    for time, customer in seen:
        kept = with_evidence(kept, Evidence(time, customer, time))
    left = standing(kept, unlinks)
    return segments([VISIT, ANOTHER_VISIT], left, only_customer(left))


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


def test_customers_who_take_turns_within_one_minute_are_told_apart() -> None:
    timeline = timeline_of((NOON, "ada"), (NOON + 10_000, "bob"), (NOON + 20_000, "ada"), (NOON + 30_000, "ada"))

    times = [NOON, NOON + 9_999, NOON + 10_000, NOON + 20_000, NOON + 30_000]
    assert [customer_at(timeline, time) for time in times] == ["ada", "ada", "bob", "ada", "ada"]


def test_where_two_visits_meet_in_one_millisecond_or_overlap_the_later_goes_on() -> None:
    spans = [VISIT, Span(VISIT[1], VISIT[1] + 10 * MINUTE, "campaign"), Span(NOON + 25 * MINUTE, NOON + HOUR, "late")]
    seen = [(NOON, "ada"), (NOON + 21 * MINUTE, "bob"), (NOON + 28 * MINUTE, "cyd"), (NOON + 50 * MINUTE, "dan")]
    evidence = tuple(Evidence(time, customer, time) for time, customer in seen)
    timeline = segments(spans, evidence, SEVERAL)

    assert list(timeline.starts) == sorted(timeline.starts)
    times = [*(time for time, _ in seen), VISIT[1], NOON + 31 * MINUTE, NOON + HOUR, NOON + HOUR + 1]
    assert [customer_at(timeline, time) for time in times] == ["ada", "bob", "cyd", "dan", "bob", "cyd", "dan", None]


def test_the_order_evidence_comes_in_does_not_matter() -> None:
    evidence = [(NOON, "ada"), (NOON + MINUTE, "bob"), (NOON + 30, "ada"), (ANOTHER_VISIT[0], "cyd")]

    assert len({timeline_of(*order) for order in permutations(evidence)}) == 1


def test_evidence_is_bounded_and_keeps_where_customers_change() -> None:
    evidence: tuple[Evidence, ...] = (Evidence(NOON, "bob", NOON),)
    for minute in range(1, 500):
        evidence = with_evidence(evidence, Evidence(NOON + minute * MINUTE, "ada", NOON + minute * MINUTE))

    assert len(evidence) == MAX_EVIDENCE
    assert [each[:2] for each in evidence[:2]] == [(NOON, "bob"), (NOON + MINUTE, "ada")]
    assert evidence[-1][:2] == (NOON + 499 * MINUTE, "ada")
    assert only_customer(evidence) == SEVERAL


def test_long_visits_of_two_customers_crowd_out_no_visit_of_theirs() -> None:
    evidence: tuple[Evidence, ...] = ()
    visits = [(NOON + day * 24 * HOUR, "bob" if day % 5 == 0 else "ada") for day in range(40)]
    for start, customer in visits:
        for minute in range(0, 30, 2):
            evidence = with_evidence(evidence, Evidence(start + minute * MINUTE, customer, start))
    timeline = segments([Span(start, start + 30 * MINUTE, "") for start, _ in visits], evidence, SEVERAL)

    assert len(evidence) == MAX_EVIDENCE
    assert [customer_at(timeline, start + 9 * MINUTE) for start, _ in visits] == [customer for _, customer in visits]


def test_who_was_seen_once_long_ago_is_not_made_another_when_a_third_is_taken_back() -> None:
    evidence: tuple[Evidence, ...] = (Evidence(NOON, "ada", NOON),)
    for minute in range(1, 500):
        evidence = with_evidence(evidence, Evidence(NOON + minute * MINUTE, ("bob", "cyd")[minute % 2], NOON))
    left = standing(evidence, (Unlink("cyd", "", NOON),))

    assert len(evidence) == MAX_EVIDENCE
    assert {each.customer for each in left} == {"ada", "bob"}


def test_the_clicks_of_a_minute_are_one_piece_of_evidence_whichever_came_first() -> None:
    clicks = [Evidence(NOON + second * 1000, "ada", NOON + received) for second, received in ((0, 5), (9, 1), (20, 9))]
    kept = set()
    for order in permutations(clicks):
        evidence: tuple[Evidence, ...] = ()
        for click in order:
            evidence = with_evidence(evidence, click)
        kept.add(evidence)

    assert kept == {(Evidence(NOON, "ada", NOON + 9),)}


def test_a_click_of_the_next_visit_in_the_same_minute_is_evidence_of_its_own() -> None:
    before, landing = Evidence(NOON, "ada", NOON), Evidence(NOON + 20_000, "ada", NOON + 20_000)
    late = Evidence(NOON + 5_000, "ada", NOON + 30_000)

    parted = with_evidence((before,), landing, begun=NOON + 20_000, ended=NOON + 20_000)
    assert parted == (before, landing)
    assert with_evidence((landing,), late, begun=NOON, ended=NOON + 5_000) == (late, landing)


@pytest.mark.parametrize(("until", "customer"), [(NOON - 1, "ada"), (NOON, None), (NOON + 1, None)])
def test_an_unlink_takes_back_what_was_received_until_then(until: int, customer: str | None) -> None:
    assert customer_at(timeline_of((NOON, "ada"), unlinks=(Unlink("ada", "", until),)), NOON) == customer


def test_an_unlink_leaves_other_customers_alone() -> None:
    timeline = timeline_of((NOON, "ada"), (NOON + MINUTE, "bob"), unlinks=(Unlink("ada", "", NOON + MINUTE),))

    assert [customer_at(timeline, time) for time in (0, NOON)] == ["bob", "bob"]


def test_what_one_checkout_told_can_be_taken_back_alone() -> None:
    told = (Evidence(NOON, "ada", NOON, "t1"), Evidence(NOON, "ada", NOON, "t2"), Evidence(NOON, "ada", NOON))

    assert standing(told, (Unlink("", "t1", NOON),)) == told[1:]


def test_unlinks_are_bounded_and_the_latest_are_kept() -> None:
    unlinks: tuple[Unlink, ...] = ()
    for number in range(100):
        unlinks = with_unlink(unlinks, Unlink(f"c{number:02}", "", NOON + number))

    assert len(unlinks) == MAX_UNLINKS
    assert unlinks[0].until == NOON + 100 - MAX_UNLINKS
    assert with_unlink(unlinks, unlinks[3]) is unlinks


def test_no_evidence_is_nobodys() -> None:
    assert only_customer(()) == NOBODY
