"""How forward takes envelopes apart and when it acknowledges them, with everything around it played."""

import asyncio
from typing import Any

import pytest

from schemas.records import EnrichedEvent
from streams.forwarding.finals import Finals
from tests.builders import a_shop
from tests.desks import CODEC, Desk, envelope
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
