"""Holds: who waits for the other half of a purchase, and when that is over."""

import pytest

from streams.stitching.holds import GRACE_MS, PATIENCE_MS, Holds, Place, Progress
from streams.stitching.outcomes import Due
from tests.builders import NOON

EVENTS, LINKS = ("events.received", 0), ("identities.linked", 0)
DUE = Due("demo", "token", "order", NOON)
LATER = NOON + GRACE_MS + 1


def waiting() -> Holds:
    holds = Holds()
    holds.note_due(0, {b"demo|token": (DUE,)})
    return holds


def reached(holds: Holds, places: dict[Place, Progress]) -> int:
    """How late it is where nothing was unread for a grace, until `LATER`."""
    holds.stream_time(places, LATER - GRACE_MS, is_idle=False)
    return holds.stream_time(places, LATER, is_idle=False)


@pytest.mark.parametrize(("now", "told"), [(NOON, 0), (LATER - 1, 0), (LATER, 1)])
def test_a_hold_is_over_a_grace_after_its_deadline(now: int, told: int) -> None:
    assert len(waiting().over(now)) == told


def test_it_is_said_once_that_a_hold_is_over_and_again_only_after_a_while() -> None:
    holds = waiting()

    assert [len(holds.over(LATER)) for _ in range(3)] == [1, 0, 0]
    assert [len(holds.over(LATER + PATIENCE_MS + 1)) for _ in range(2)] == [1, 0]


def test_nobody_waits_once_the_halves_have_met() -> None:
    holds = waiting()
    holds.note_due(0, {b"demo|token": ()})

    assert holds.over(LATER) == []


def test_at_the_end_of_everything_it_is_as_late_as_the_clock_says() -> None:
    holds = waiting()
    holds.note_read(*EVENTS, 6, NOON)

    assert reached(holds, {EVENTS: Progress(3, 7), LINKS: Progress(4, 4)}) == LATER


def test_a_backlog_that_was_just_read_leaves_its_halves_time_to_arrive() -> None:
    holds, at_end = waiting(), {EVENTS: Progress(3, 9), LINKS: Progress(4, 4)}
    holds.note_read(*EVENTS, 6, NOON)
    behind = holds.stream_time(at_end, LATER, is_idle=False)
    holds.note_read(*EVENTS, 8, NOON + 7)
    just_read = [holds.stream_time(at_end, LATER + passed, is_idle=False) for passed in (1, 2, GRACE_MS)]
    holds.note_read(*LINKS, 4, NOON)
    over = holds.stream_time(at_end, LATER + 1 + GRACE_MS, is_idle=False)

    assert (behind, just_read, over) == (NOON, [NOON] * 3, LATER + 1 + GRACE_MS)


def test_what_is_still_on_its_way_is_waited_for_anew() -> None:
    holds, at_end = waiting(), {EVENTS: Progress(3, 3), LINKS: Progress(4, 4)}
    reached(holds, at_end)

    behind = holds.stream_time(at_end | {LINKS: Progress(4, 5)}, LATER + 1, is_idle=False)

    assert behind == holds.stream_time(at_end, LATER + GRACE_MS, is_idle=False) == 0


def test_with_a_backlog_it_is_as_late_as_the_last_record_read() -> None:
    holds = waiting()
    holds.note_read(*EVENTS, 6, NOON)
    holds.note_read(*EVENTS, 7, NOON - 5)

    assert holds.stream_time({EVENTS: Progress(3, 9), LINKS: Progress(4, 4)}, LATER, is_idle=False) == NOON


@pytest.mark.parametrize("progress", [Progress(3, 9), Progress(None, 9), Progress(3, None), Progress(None, None)])
def test_before_anything_is_read_nobody_knows_how_late_it_is(progress: Progress) -> None:
    assert waiting().stream_time({EVENTS: progress}, LATER, is_idle=False) == 0


def test_records_that_retention_took_are_not_waited_for() -> None:
    holds, places = waiting(), {EVENTS: Progress(None, 9)}

    assert [holds.stream_time(places, now, is_idle=True) for now in (LATER, LATER + GRACE_MS)] == [0, LATER + GRACE_MS]
