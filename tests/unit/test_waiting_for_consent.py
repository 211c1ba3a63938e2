"""Events that wait for consent: held, asked about elsewhere, told of, or waiting in vain."""

from typing import Any

import pytest

from schemas.records import Consent, EnrichedEvent
from tests.desks import Desk, a_lane, envelope
from tests.forwarded import a_destination, enriched


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The builders' noon is now."""
    monkeypatch.setattr("streams.forwarding.forwarder.time.time", lambda: 1_793_000_060.0)


YES: Consent = {"analytics": True, "marketing": True, "preferences": None, "sale_of_data": None}


async def test_what_waits_for_consent_is_sent_when_a_later_event_tells_of_it() -> None:
    desk = Desk(a_destination(), require_consent=True)
    await desk.take(1, envelope(enriched(event_id="a"), enriched(event_id="b", client_id="somebody else")))
    assert (desk.waiting, desk.acked, desk.outbox.receipts(), len(desk.outbox.parked)) == ([], [1], [], 2)

    await desk.take(2, envelope(enriched(event_id="c", name="cart_viewed", consent=YES)))
    await desk.settle(0)
    await desk.forwarder.waiting.sweep()

    assert desk.outbox.receipts() == [("a", "accepted", "consent_came_later")]
    assert list(desk.outbox.parked) == [b"demo|meta|held|b"]
    assert desk.waiting[0].tag.receipt["source_offset"] == 1


async def test_nothing_is_sent_before_it_is_written_down_that_it_was_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, seen = Desk(a_destination(), require_consent=True), list[Any]()
    await desk.take(1, envelope(enriched(event_id="a")))

    async def settled() -> None:
        seen.append((len(desk.waiting), desk.outbox.parked[b"demo|meta|held|a"]["event"]["event"]["consent"]))

    monkeypatch.setattr(desk.outbox, "settled", settled)
    await desk.take(2, envelope(enriched(name="cart_viewed", consent=YES)))

    assert (seen, len(desk.waiting)) == ([(0, YES)], 1)


async def test_what_waits_for_consent_is_skipped_when_a_later_event_tells_of_a_refusal() -> None:
    desk = Desk(a_destination(), require_consent=True)
    await desk.take(1, envelope(enriched(event_id="a")))

    await desk.take(2, envelope(enriched(event_id="c", name="cart_viewed", consent={**YES, "marketing": False})))

    assert desk.outbox.receipts() == [("a", "skipped", "no_marketing_consent")]


async def test_an_order_that_no_browser_told_of_waits_for_nobodys_consent() -> None:
    desk = Desk(a_destination(), require_consent=True)
    lonely = a_purchase(client_id="order:53", sales_channel="pos")
    desk.strangers = {lonely["event"]["visitor_id"]}

    await desk.take(1, envelope(lonely))

    assert desk.outbox.receipts() == [("p", "skipped", "consent_not_told")]
    assert (desk.outbox.parked, desk.acked) == ({}, [1])


async def test_what_waits_for_consent_in_vain_or_finds_no_room_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(a_destination(), require_consent=True)
    await desk.take(1, envelope(*(enriched(event_id=str(number)) for number in range(4))))
    assert desk.outbox.receipts() == [("3", "skipped", "consent_not_told")]

    monkeypatch.setattr("streams.forwarding.forwarder.time.time", lambda: 1_793_000_060.0 + 86_401)
    await desk.forwarder.waiting.sweep()

    assert desk.outbox.receipts()[1:] == [(str(number), "skipped", "consent_not_told") for number in range(3)]
    assert desk.outbox.parked == {}


async def test_what_waits_for_consent_outlives_the_process_and_is_sent_once() -> None:
    desk = Desk(a_destination(), require_consent=True)
    await desk.take(1, envelope(*(enriched(event_id=each, client_id=each) for each in "abc")))
    for client in "ab":
        await desk.take(2, envelope(enriched(name="cart_viewed", client_id=client, consent=YES)))
    later = Desk(a_destination(), require_consent=True)
    later.settled = [b"demo|a|meta"]

    await later.forwarder.opened(0, list(desk.outbox.parked.values()))
    await later.take(1, envelope(*(enriched(event_id=each, client_id=each) for each in "c")))
    await later.take(3, envelope(enriched(name="cart_viewed", client_id="c", consent=YES)))

    assert [parcel.tag.key for parcel in later.waiting] == [b"demo|b|meta", b"demo|c|meta"]


def a_purchase(**changes: Any) -> EnrichedEvent:
    """Its order's partition is 0; its visitor is at home in 1."""
    return enriched(name="purchase", source="webhook", event_id="p", value=5.0, **changes)


async def test_a_purchase_asks_for_consent_where_its_visitor_is_at_home_and_is_sent_when_told() -> None:
    holder, home = Desk(a_destination(), require_consent=True), Desk(a_destination(), require_consent=True)
    holder.strangers = {a_purchase()["event"]["visitor_id"]}
    await holder.take(1, envelope(a_purchase()))
    question = holder.outbox.parked[b"demo|meta|asked|p"]
    assert (holder.outbox.places[b"demo|meta|asked|p"], holder.acked, holder.waiting) == (1, [1], [])

    await home.forwarder.opened(1, [question])
    await home.take(1, envelope(enriched(name="cart_viewed", consent=YES)))
    answer = home.outbox.parked[b"demo|meta|held|p"]
    await holder.forwarder.opened(0, [answer, answer])
    await holder.settle(0)
    await home.forwarder.waiting.sweep()

    assert holder.outbox.receipts() == [("p", "accepted", "consent_came_later")]
    assert home.outbox.places[b"demo|meta|held|p"] == 0
    assert list(home.outbox.parked) == [b"demo|meta|held|p"], "the question is done with"
    assert home.waiting == []


async def test_who_is_asked_late_knows_what_a_browser_last_told() -> None:
    holder, home = Desk(a_destination(), require_consent=True), Desk(a_destination(), require_consent=True)
    holder.strangers = {a_purchase()["event"]["visitor_id"]}
    await holder.take(1, envelope(a_purchase()))

    for consent, minute in (({**YES, "marketing": False}, 2), (YES, 1)):  # the latter came late
        at = a_purchase()["event"]["occurred_at"] + minute * 60_000
        await home.take(minute, envelope(enriched(name="cart_viewed", occurred_at=at, consent=consent)))
    await home.forwarder.opened(1, [holder.outbox.parked[b"demo|meta|asked|p"]])
    await holder.forwarder.opened(0, [home.outbox.parked[b"demo|meta|held|p"]])

    assert holder.outbox.receipts() == [("p", "skipped", "no_marketing_consent")]


async def test_an_event_that_tells_nothing_has_the_consent_its_browser_last_told() -> None:
    desk = Desk(a_destination(), require_consent=True)
    await desk.take(1, envelope(enriched(name="cart_viewed", consent=YES)))

    await desk.take(2, envelope(a_purchase(), enriched(event_id="other", client_id="somebody else")))

    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|p|meta"]
    assert list(desk.outbox.parked) == [b"demo|meta|held|other"]


async def test_an_answer_that_comes_after_the_process_that_asked_is_gone_is_heard_by_the_next() -> None:
    told: Any = {**a_purchase(consent=YES)}
    answer = a_lane(kind="held", destination="meta", event=told, waits_in=0, since=1, parked_at=1_793_000_000_000)
    desk, done = Desk(a_destination(), require_consent=True), Desk(a_destination(), require_consent=True)
    done.settled = [b"demo|p|meta"]

    for each in (desk, done):
        await each.forwarder.opened(0, [answer])
        await each.forwarder.waiting.sweep()

    assert [parcel.tag.key for parcel in desk.waiting] == [b"demo|p|meta"]
    assert done.waiting == []
    assert done.outbox.emitted == [("conversions.parked", 0, None)], "it had its receipt already"


async def test_questions_are_few_and_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    home, held_at = Desk(a_destination(), require_consent=True), 1_793_000_060_000
    asked = [
        a_lane(kind="asked", event=a_purchase() | {"person_id": str(n)}, waits_in=0, parked_at=held_at)
        for n in range(4)
    ]
    for number, each in enumerate(asked):
        each["event"]["event"]["event_id"] = str(number)  # type: ignore[index]

    await home.forwarder.opened(1, asked)
    await home.forwarder.waiting.sweep()
    assert home.outbox.emitted == [("conversions.parked", 1, None)], "there is room for three"
    monkeypatch.setattr("streams.forwarding.forwarder.time.time", lambda: 1_793_000_060.0 + 86_401)
    await home.forwarder.waiting.sweep()

    assert home.outbox.emitted == [("conversions.parked", 1, None)] * 4
