"""How forward takes envelopes apart and when it acknowledges them, with everything around it played."""

import asyncio
from typing import Any

import pytest

from connectors.meta.parcels import Outcome
from schemas.records import EnrichedEvent
from streams.forwarding.crowding import park_largest, park_stuck
from streams.forwarding.finals import Finals, is_replayable
from streams.forwarding.parking import Standing
from streams.forwarding.receipts import begun, completed
from streams.rules.conversions import Decision
from tests.builders import a_shop
from tests.desks import CODEC, Desk, a_lane, envelope, until
from tests.forwarded import a_destination, enriched


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The builders' noon is now."""
    monkeypatch.setattr("streams.forwarding.forwarder.time.time", lambda: 1_793_000_060.0)


async def test_a_record_is_acknowledged_when_its_last_event_has_its_receipt() -> None:
    desk = Desk(a_destination())
    await desk.take(7, envelope(enriched(event_id="a"), enriched(event_id="b")))

    await desk.settle(0)
    assert desk.acked == []
    await desk.settle(1)
    assert desk.acked == [7]


async def test_records_are_acknowledged_as_they_are_done_not_as_they_came() -> None:
    desk = Desk(a_destination())
    await desk.take(1, envelope(enriched(event_id="a")))
    await desk.take(2, envelope(enriched(event_id="b")))

    await desk.settle(1)

    assert desk.acked == [2]


async def test_each_destination_has_its_own_receipt() -> None:
    desk = Desk(a_destination(name="one"), a_destination(name="two"))
    await desk.take(1, envelope(enriched(event_id="a")))

    await desk.settle(0, 1)

    assert desk.outbox.receipts() == [("a", "accepted", None)] * 2


async def test_what_is_skipped_has_its_receipt_at_once() -> None:
    desk = Desk(a_destination(events=["Purchase"]))

    await desk.take(1, envelope(enriched(event_id="a")))

    assert desk.outbox.receipts() == [("a", "skipped", "not_selected")]
    assert desk.acked == [1]


async def test_a_shop_without_destinations_leaves_no_receipts() -> None:
    desk = Desk()

    await desk.take(1, envelope(enriched(event_id="a")))

    assert (desk.outbox.emitted, desk.acked) == ([], [1])


async def test_an_event_with_a_receipt_is_not_sent_again() -> None:
    desk = Desk(a_destination(name="one"), a_destination(name="two"), finals=[b"demo|a|one"])

    await desk.take(1, envelope(enriched(event_id="a")))

    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|a|two"]


async def test_what_names_an_item_meta_has_not_is_skipped_where_the_destination_wants_it_so() -> None:
    strict, lax = a_destination(name="strict", unknown_products="skip"), a_destination(name="lax")
    missing = {("demo", "88", "43751530397931")}
    desk = Desk(strict, lax, missing=missing, catalogs=[{"catalog_id": "88", "primary": True}])

    await desk.take(1, envelope(enriched(event_id="a")))

    assert desk.outbox.receipts() == [("a", "skipped", "not_in_catalog")]
    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|a|lax"]


async def test_an_event_said_twice_is_sent_once_and_holds_both_records() -> None:
    desk = Desk(a_destination())
    await desk.take(1, envelope(enriched(event_id="a")))
    await desk.take(2, envelope(enriched(event_id="a")))

    await desk.settle(0)
    await desk.take(3, envelope(enriched(event_id="a")))

    assert len(desk.waiting) == 1
    assert desk.acked == [1, 2, 3]


async def test_bytes_that_are_no_envelope_are_rejected_and_acknowledged() -> None:
    desk = Desk(a_destination())

    await desk.take(1, b"no avro")
    await desk.take(2, None)
    await desk.take(3, CODEC.encode("Shop", a_shop()))

    rejected = [(topic, value["reason"], value["payload"][:7]) for topic, _, value in desk.outbox.emitted]
    assert rejected[:2] == [("records.rejected", "undecodable", b"no avro"), ("records.rejected", "undecodable", b"")]
    assert [reason for _, reason, _ in rejected] == ["undecodable"] * 3
    assert desk.acked == [1, 2, 3]


async def test_what_another_worker_had_rejected_and_gets_again_is_acknowledged_and_not_sent() -> None:
    desk = Desk(a_destination())

    await desk.take(1, envelope(enriched(event_id="a")), meant_for="archive")
    await desk.take(2, envelope(enriched(event_id="b")), meant_for="forward")

    assert desk.acked == [1]
    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|b|meta"]


async def test_an_event_our_rules_fail_on_is_rejected_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(a_destination())
    good, bad = enriched(event_id="good"), enriched(event_id="bad", occurred_at=10**18)
    monkeypatch.setattr("streams.forwarding.preparing.decide", _failing_on("bad"))

    await desk.take(1, envelope(bad, good))
    await desk.settle(0)

    ((topic, _, rejection), (_, _, receipt)) = desk.outbox.emitted
    assert (topic, rejection["reason"], rejection["detail"]) == ("records.rejected", "rule_failed", "KeyError")
    assert [each["event"]["event_id"] for each in CODEC.decode(rejection["payload"])["events"]] == ["bad"]
    assert rejection["shop_id"] == "demo"
    assert receipt["event_id"] == "good"
    assert desk.acked == [1]


def _failing_on(event_id: str) -> Any:
    from streams.rules.conversions import decide

    def failing(event: EnrichedEvent, *rest: Any) -> Any:
        if event["event"]["event_id"] == event_id:
            raise KeyError("x")
        return decide(event, *rest)

    return failing


async def test_taking_waits_while_too_much_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.forwarding.forwarder.EVENTS_IN_HAND", 2)
    desk = Desk(a_destination())
    await desk.take(1, envelope(enriched(event_id="a"), enriched(event_id="b")))
    taking = asyncio.create_task(desk.take(2, envelope(enriched(event_id="c"))))
    await asyncio.sleep(0.01)
    assert len(desk.waiting) == 2

    await desk.settle(0)
    await taking

    assert len(desk.waiting) == 3


async def test_receipts_are_read_anew_when_partitions_are_dealt_out_anew() -> None:
    desk = Desk(a_destination())
    await desk.take(1, envelope(enriched(event_id="a")), generation=1)
    await desk.settle(0)
    desk._finals = [b"demo|b|meta"]  # another worker had the partition meanwhile

    await desk.take(2, envelope(enriched(event_id="b")), generation=2)

    assert len(desk.waiting) == 1
    assert desk.acked == [1, 2]


def test_the_oldest_receipts_are_forgotten_but_never_those_still_needed() -> None:
    finals = Finals(recent=2)
    finals.add_needed(b"needed")
    for key in (b"1", b"2", b"3"):
        finals.add(key)

    assert [key in finals for key in (b"needed", b"1", b"2", b"3")] == [True, False, True, True]


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
    await asyncio.sleep(0.2)

    assert 0 < len(desk.waiting) <= 101
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
