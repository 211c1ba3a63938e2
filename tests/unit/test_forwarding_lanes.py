"""How forward parks a destination that is down, what lanes and replays send aside, with everything around it played."""

import asyncio
from typing import Any

import pytest

from connectors.meta.parcels import Outcome
from streams.forwarding.crowding import park_largest, park_stuck
from streams.forwarding.finals import is_replayable
from streams.forwarding.parking import Standing
from streams.forwarding.receipts import begun, completed
from streams.rules.conversions import Decision
from tests.desks import Desk, a_lane, envelope, until
from tests.forwarded import a_destination, enriched


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The builders' noon is now."""
    monkeypatch.setattr("streams.forwarding.forwarder.time.time", lambda: 1_793_000_060.0)


async def test_a_destination_that_is_down_is_parked_and_holds_back_no_record() -> None:
    desk = Desk(a_destination(name="one"), a_destination(name="two"))
    await desk.take(1, envelope(enriched(event_id="a")))
    await desk.take(2, envelope(enriched(event_id="b")))
    await desk.settle(*(n for n, parcel in enumerate(desk.waiting) if parcel.tag.route[1] == "two"))
    assert desk.acked == []

    desk.down.add(("demo", "one"))
    await desk.forwarder.asides.park(("demo", "one"))
    await desk.take(3, envelope(enriched(event_id="c")))

    (parked,) = [value for topic, _, value in desk.outbox.emitted if topic == "conversions.parked"]
    assert (parked["kind"], parked["destination"], parked["offset"]) == ("lane", "one", 1)
    assert desk.acked == [1, 2]
    assert [parcel.tag.key for parcel in desk.waiting if parcel.tag.receipt["source_offset"] == 3] == [b"demo|c|two"]


async def test_what_is_in_a_request_when_its_destination_is_parked_still_gets_its_receipt() -> None:
    desk = Desk(a_destination(name="one"))
    await desk.take(1, envelope(enriched(event_id="a")))
    in_request, desk.waiting = desk.waiting, []

    await desk.forwarder.asides.park(("demo", "one"))
    await desk.forwarder.settle(in_request, Outcome("accepted", http_status=200))

    assert desk.acked == [1]
    assert desk.outbox.receipts() == [("a", "accepted", None)]


async def test_a_lane_sends_what_has_no_receipt_then_joins_the_workers_own_reading() -> None:
    desk = Desk(a_destination(name="one"))
    await desk.take(1, envelope(enriched(event_id="a"), enriched(event_id="b")))
    desk.down.add(("demo", "one"))
    await desk.forwarder.asides.park(("demo", "one"))
    await desk.take(2, envelope(enriched(event_id="c")))
    desk.settled = [b"demo|b|one"]
    desk.down.clear()

    await until(lambda: len(desk.waiting) == 2)
    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|a|one", b"demo|c|one"]
    await desk.settle(0, 1)
    await desk.take(3, envelope(enriched(event_id="d")))
    await until(lambda: not desk.outbox.parked)

    assert [parcel.tag.key for parcel in desk.waiting[2:]] == [b"demo|d|one"]
    assert desk.acked == [1, 2]


async def test_a_lane_holds_little_for_a_destination_that_is_down() -> None:
    desk = Desk(a_destination(name="one"))
    for offset in range(1, 300):
        await desk.take(offset, envelope(enriched(event_id=str(offset))))
    desk.down.add(("demo", "one"))

    await desk.forwarder.asides.park(("demo", "one"))
    await until(lambda: bool(desk.waiting))
    await asyncio.sleep(0.2)  # more must not come, however long one waits

    assert len(desk.waiting) <= 101
    assert len(desk.acked) == 299


def test_what_an_overtaken_process_parked_counts_no_more() -> None:
    standing = Standing()
    standing.apply(b"k", a_lane(offset=5, generation=2))
    standing.apply(b"k", a_lane(offset=3, generation=1))
    assert [each["offset"] for each in standing.all()] == [5]

    standing.apply(b"k", None)
    assert standing.all() == []


async def test_a_replay_sends_only_what_it_is_about_and_takes_no_destination_aside() -> None:
    desk = Desk(a_destination(name="one"))
    await desk.take(1, envelope(enriched(event_id="a"), enriched(event_id="b")))
    await desk.settle(0, 1)
    desk.settled = [b"demo|b|one"]

    order = a_lane(kind="replay", until=2, parked_at=7)
    await desk.forwarder.opened(0, [order, order])
    await until(lambda: len(desk.waiting) == 3)
    await desk.take(2, envelope(enriched(event_id="c")))
    await desk.settle(2)
    await until(lambda: desk.outbox.emitted[-1] == ("conversions.parked", 0, None))

    assert [parcel.tag.key for parcel in desk.waiting[2:]] == [b"demo|b|one", b"demo|c|one"]


@pytest.mark.parametrize("kind", ["lane", "replay"])
async def test_what_a_lane_or_a_replay_has_sent_is_not_sent_again_though_it_is_said_again(kind: str) -> None:
    desk = Desk(a_destination(name="one"))
    desk.settled = [b"demo|a|one"] if kind == "replay" else []
    desk.say(1, envelope(enriched(event_id="a")))
    until_offset = 3 if kind == "replay" else None
    await desk.forwarder.opened(0, [a_lane(kind=kind, offset=1, until=until_offset, parked_at=7)])
    await until(lambda: len(desk.waiting) == 1)
    await desk.settle(0)
    desk.say(2, envelope(enriched(event_id="a")))
    if kind == "lane":
        desk.say(3, envelope(enriched(event_id="b")))
        await until(lambda: len(desk.waiting) >= 2)
    else:
        await until(lambda: desk.outbox.emitted[-1] == ("conversions.parked", 0, None))

    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|a|one", b"demo|b|one"][: len(desk.waiting)]


@pytest.mark.parametrize(
    ("status", "reason", "sent_at", "offset", "reasons", "replayable"),
    [
        ("refused", "refused_by_meta", 6, 1, [], True),
        ("skipped", "unknown_product", 6, 1, [], True),
        ("skipped", "unknown_product", 6, 1, ["refused_by_meta"], False),
        ("refused", "refused_by_meta", 6, 1, ["refused_by_meta"], True),
        ("accepted", None, 6, 1, [], False),
        ("accepted", "consent_came_later", 6, 1, ["consent_came_later"], False),
        ("skipped", "no_marketing_consent", 6, 1, [], False),
        ("skipped", "no_marketing_consent", 6, 1, ["no_marketing_consent"], False),
        ("skipped", "too_old", 6, 1, [], False),
        ("refused", "refused_by_meta", 7, 1, [], False),
        ("refused", "refused_by_meta", 6, 2, [], False),
    ],
)
def test_a_replay_is_about_what_was_refused_or_skipped_before_it_and_never_about_a_no(
    status: Any, reason: str | None, sent_at: int, offset: int, reasons: list[str], replayable: bool
) -> None:
    order = a_lane(kind="replay", until=2, parked_at=7, reasons=reasons)
    receipt = begun(enriched()["event"], a_destination(), Decision("ViewContent", 0), (0, offset))

    assert is_replayable(completed(receipt, Outcome(status, reason), 1, sent_at), order) is replayable


async def test_one_that_is_down_is_parked_only_when_it_has_held_others_up_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(a_destination(name="one"))
    await desk.take(1, envelope(enriched(event_id="a")))

    await park_stuck(desk.forwarder.asides)
    desk.down.add(("demo", "one"))
    await park_stuck(desk.forwarder.asides)
    assert desk.acked == []

    monkeypatch.setattr("streams.forwarding.crowding.STUCK_SECONDS", 0.0)
    await park_stuck(desk.forwarder.asides)
    assert desk.acked == [1]


async def test_when_all_hands_are_full_the_one_nearly_everything_waits_for_is_parked() -> None:
    desk = Desk(a_destination(name="one"), a_destination(name="two"))
    for offset in range(1, 6):
        await desk.take(offset, envelope(enriched(event_id=str(offset))))
    await park_largest(desk.forwarder.asides)  # both alike: who is slow is not known
    assert desk.outbox.parked == {}

    await desk.settle(*(n for n, parcel in enumerate(desk.waiting) if parcel.tag.key in TWO[:4]))
    await park_largest(desk.forwarder.asides)

    assert list(desk.outbox.parked) == [b"demo|one|lane"]
    assert desk.acked == [1, 2, 3, 4]


TWO = [f"demo|{number}|two".encode() for number in range(1, 6)]
