"""Sessions: one visitor's events parted by silence, in whatever order they come."""

from typing import Any

import pytest

from schemas.records import Event
from streams.rules.campaigns import campaign_of
from streams.rules.days import local_day
from streams.rules.devices import device_of
from streams.rules.landings import place_by_campaign
from streams.rules.open_sessions import Gone, OpenSession
from streams.rules.sessions import KEPT_MS, place, split_expired
from streams.rules.steps import MAX_ALL_STEPS, MAX_STEPS
from tests.builders import MINUTE, NOON, an_event

GAP = 30 * MINUTE


def walk(*events: Event) -> tuple[OpenSession, ...]:
    sessions: tuple[OpenSession, ...] = ()
    for event in events:
        sessions = place_by_campaign(sessions, event, gap_ms=GAP, day=0, campaign=campaign_of(event)).sessions
    return sessions


@pytest.mark.parametrize(("silence", "sessions"), [(GAP - 1, 1), (GAP, 1), (GAP + 1, 2)])
def test_a_silence_longer_than_the_gap_parts_two_sessions(silence: int, sessions: int) -> None:
    assert len(walk(an_event(occurred_at=NOON), an_event(occurred_at=NOON + silence))) == sessions


def test_an_event_hours_late_joins_the_session_it_belongs_to() -> None:
    morning, evening = an_event(occurred_at=NOON), an_event(occurred_at=NOON + 300 * MINUTE)
    late = an_event(occurred_at=NOON + 5 * MINUTE)

    first, second = walk(morning, evening, late)

    assert (first.counts[0], second.counts[0]) == (2, 1)
    assert first.ended_at == late["occurred_at"]


def test_a_late_event_between_two_sessions_makes_them_one() -> None:
    one, other = an_event(occurred_at=NOON), an_event(occurred_at=NOON + 50 * MINUTE)
    sessions = walk(one, other)

    placed = place(sessions, an_event(occurred_at=NOON + 25 * MINUTE), gap_ms=GAP)

    assert placed.sessions == (placed.session,)
    assert placed.session.session_id == sessions[0].session_id
    assert placed.gone == (Gone(sessions[1], sessions[0].session_id),)
    assert placed.session.counts[0] == 3


def test_the_entry_is_that_of_the_earliest_event_however_late_it_comes() -> None:
    ad = an_event(occurred_at=NOON - 1, url="https://shop.example/?utm_source=x", utm={"source": "x"})

    (session,) = walk(an_event(occurred_at=NOON), ad)

    assert session.entry.utm == {"source": "x"}
    assert session.started_at == NOON - 1


SPRING = {"source": "instagram", "medium": "paid", "campaign": "spring"}


@pytest.mark.parametrize(
    ("then", "sessions"),
    [
        ({}, 1),
        ({"utm": SPRING}, 1),
        ({"utm": SPRING | {"term": "blue"}}, 1),
        ({"utm": SPRING | {"campaign": "summer"}}, 2),
        ({"click_ids": {"gclid": "one"}}, 1),
        ({"click_ids": {"gclid": "two"}}, 2),
        ({"utm": SPRING, "click_ids": {"gclid": "two"}}, 2),
    ],
)
def test_another_campaign_begins_another_session(then: dict[str, Any], sessions: int) -> None:
    first = an_event(utm=SPRING, click_ids={"gclid": "one"})

    assert (
        len(walk(first, an_event(occurred_at=NOON + MINUTE), an_event(occurred_at=NOON + 2 * MINUTE, **then)))
        == sessions
    )


def test_a_campaign_parts_what_came_before_it_by_itself() -> None:
    direct, ad = an_event(occurred_at=NOON), an_event(occurred_at=NOON + MINUTE, utm=SPRING)
    late = an_event(occurred_at=NOON + 1)

    for events in ((direct, ad, late), (ad, direct, late), (late, ad, direct)):
        assert [session.counts[0] for session in walk(*events)] == [2, 1]


def test_a_campaign_known_late_is_the_one_of_what_follows_it() -> None:
    ad, after = an_event(occurred_at=NOON, utm=SPRING), an_event(occurred_at=NOON + MINUTE)

    (session,) = walk(after, ad)

    assert session.entry.utm == SPRING
    assert session.campaign == campaign_of(ad)


def test_a_landing_that_comes_late_takes_over_what_followed_it() -> None:
    before, after = an_event(occurred_at=NOON), an_event(occurred_at=NOON + 2 * MINUTE)
    sessions = walk(before, after)

    first, second = walk(before, after, an_event(occurred_at=NOON + MINUTE, utm=SPRING))

    assert (first.session_id, first.counts[0], first.ended_at) == (sessions[0].session_id, 1, NOON)
    assert first.parted
    assert (second.entry.utm, second.counts[0], second.started_at) == (SPRING, 2, NOON + MINUTE)


def test_a_landing_again_on_the_first_campaign_is_a_session_of_its_own_once_another_came_between() -> None:
    one = an_event(occurred_at=NOON, url="/1", utm=SPRING)
    again = an_event(occurred_at=NOON + 2 * MINUTE, url="/3", utm=SPRING)
    other = an_event(occurred_at=NOON + MINUTE, url="/2", utm=SPRING | {"campaign": "summer"})

    sessions = walk(one, again, other)

    assert [each.entry.url for each in sessions] == ["/1", "/2", "/3"]
    assert len({each.session_id for each in sessions}) == 3


def test_a_session_knows_its_latest_events_one_by_one_and_no_more() -> None:
    sessions = walk(*(an_event(occurred_at=NOON + second * 1000, utm={"source": "x"}) for second in range(2000)))
    early = an_event(occurred_at=NOON + 1, utm=SPRING)
    late = an_event(occurred_at=NOON + 1_998_500, utm=SPRING)

    (counted,) = place_by_campaign(sessions, early, gap_ms=GAP, day=0, campaign=campaign_of(early)).sessions
    parted = place_by_campaign(sessions, late, gap_ms=GAP, day=0, campaign=campaign_of(late)).sessions

    assert len(sessions[0].steps) <= MAX_STEPS
    assert counted.counts[0] == 2001
    assert [each.counts[0] for each in parted] == [1999, 1, 1]


def test_all_sessions_of_a_visitor_know_so_many_events_together() -> None:
    sessions = walk(*(an_event(occurred_at=NOON + (n // 100) * 60 * MINUTE + n % 100) for n in range(1000)))

    assert [each.counts[0] for each in sessions] == [100] * 10
    assert 0 < sum(len(each.steps) for each in sessions) <= MAX_ALL_STEPS + MAX_STEPS


def test_of_equal_times_the_entry_is_told_by_seq_then_by_id() -> None:
    events = [an_event(seq=2, event_id="a", url="2a"), an_event(seq=1, event_id="c", url="1c")]
    events.append(an_event(seq=1, event_id="b", url="1b"))

    (session,) = walk(*events)

    assert session.entry.url == "1b"


def test_counters_count_what_they_say() -> None:
    names = ["page_viewed", "product_viewed", "product_viewed", "product_added_to_cart", "checkout_started"]

    (session,) = walk(*(an_event(name=name) for name in [*names, "checkout_completed", "clicked"]))

    assert session.counts == (7, 1, 2, 1, 1, 1)


def test_a_day_parts_sessions_where_the_shop_says_so() -> None:
    midnight = 1_793_055_600_000  # 2026-10-27 00:00 in Berlin
    before, after = an_event(occurred_at=midnight - 1), an_event(occurred_at=midnight)
    days = [local_day(event["occurred_at"], "Europe/Berlin") for event in (before, after)]

    sessions = place((), before, gap_ms=GAP, day=days[0]).sessions
    sessions = place(sessions, after, gap_ms=GAP, day=days[1]).sessions

    assert days[1] == days[0] + 1
    assert len(sessions) == 2


def test_a_session_two_days_old_is_no_longer_kept_open() -> None:
    sessions = walk(an_event(occurred_at=NOON), an_event(occurred_at=NOON + 48 * 60 * MINUTE))

    kept, ended = split_expired(sessions, sessions[0].version + KEPT_MS + 1)

    assert (kept, ended) == (sessions[1:], sessions[:1])


def test_visits_of_last_week_that_are_sent_today_do_not_fall_apart() -> None:
    today = NOON + 7 * 24 * 60 * MINUTE
    first = an_event(occurred_at=NOON, received_at=today)
    second = an_event(occurred_at=NOON + MINUTE, received_at=today + 1)

    kept, _ = split_expired(walk(first), today + 1)

    assert len(place(kept, second, gap_ms=GAP).sessions) == 1


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (None, "unknown"),
        ("", "unknown"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1", "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) Version/16.0 Mobile/15E148 Safari/604.1", "tablet"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
        ("curl/8.0", "bot"),
        ("something else", "unknown"),
    ],
)
def test_a_device_is_told_by_its_user_agent(user_agent: str | None, device: str) -> None:
    assert device_of(user_agent) == device
