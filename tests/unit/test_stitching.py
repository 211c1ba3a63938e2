"""What becomes of events, orders and links, told as stories of shoppers."""

from typing import Any

import pytest

from schemas.identifiers import person_id, purchase_event_id, session_id, visitor_id
from schemas.records import Event, OrderReceived
from streams.stitching import Source
from tests.builders import MINUTE, NOON, a_product_change, a_shop, an_event, an_item, an_order
from tests.stitched import CODEC, EVENTS, LINKS, ORDERS, Pipeline, an_unlink

PHONE, LAPTOP = "phone-4711", "laptop-0815"
TOKEN = "864ef6919a4214321240c177707a01f7"
ORDER = "5396439498987"
HOLD = 120_000


def on(client: str, minute: float = 0, **changes: Any) -> Event:
    return an_event(client_id=client, occurred_at=int(NOON + minute * MINUTE), **changes)


def completed(client: str = PHONE, minute: float = 0, **changes: Any) -> Event:
    said = {"name": "checkout_completed", "checkout_token": TOKEN, "order_id": ORDER, "fbp": "fb.1.1596403881668.1"}
    return on(client, minute, **(said | changes))


def stitched(*events: Event) -> Pipeline:
    pipeline = Pipeline()
    pipeline.publish(*events)
    pipeline.run()
    return pipeline


def test_an_event_leaves_with_its_session_and_its_visitor_as_the_person() -> None:
    event = on(PHONE)
    pipeline = stitched(event)

    (enriched,) = pipeline.events
    assert enriched["event"] == event
    assert enriched["session_id"] == session_id(event["visitor_id"], event["event_id"])
    assert enriched["person_id"] == event["visitor_id"]
    assert not enriched["late"]


def test_anonymous_history_becomes_the_customers_when_she_logs_in() -> None:
    yesterday, login = on(PHONE, -600), on(PHONE, 0, customer_id="ada")
    pipeline = stitched(yesterday, login)

    assert set(pipeline.persons().values()) == {person_id("demo", "ada")}
    assert pipeline.timeline_rows()[login["visitor_id"]] == ((0,), ("ada",))
    assert [row["customer_id"] for row in pipeline.session_rows().values()] == ["ada", "ada"]
    assert [link["reason"] for link in pipeline.links] == ["login"]


def test_two_devices_of_one_customer_are_one_person() -> None:
    pipeline = stitched(on(PHONE, customer_id="ada"), on(LAPTOP, customer_id="ada"))

    assert set(pipeline.persons().values()) == {person_id("demo", "ada")}


def test_a_shared_device_never_merges_its_two_customers() -> None:
    ada, nobody, bob = on(PHONE, 0, customer_id="ada"), on(PHONE, 100), on(PHONE, 200, customer_id="bob")
    persons = stitched(ada, nobody, bob).persons()

    assert persons[ada["event_id"]] == person_id("demo", "ada")
    assert persons[bob["event_id"]] == person_id("demo", "bob")
    assert persons[nobody["event_id"]] == nobody["visitor_id"]


@pytest.mark.parametrize("junk", ["null", "undefined", "0", "anonymous", " NULL ", "", "*", "x" * 256])
def test_junk_identifies_nobody(junk: str) -> None:
    pipeline = stitched(on(PHONE, customer_id=junk, checkout_token=junk), on(LAPTOP, customer_id=junk))

    assert pipeline.links == []
    assert pipeline.timelines == []
    assert len(set(pipeline.persons().values())) == 2


def test_a_doubled_event_is_dropped_and_counted() -> None:
    pipeline = Pipeline()
    event = on(PHONE)
    pipeline.publish(event, event)
    pipeline.run()

    assert len(pipeline.events) == 1
    assert next(iter(pipeline.session_rows().values()))["events"] == 1


def test_a_late_event_says_so_and_joins_its_own_session() -> None:
    first, later, late = on(PHONE, 0), on(PHONE, 300), on(PHONE, 10)
    pipeline = stitched(first, later, late)

    assert [enriched["late"] for enriched in pipeline.events] == [False, False, True]
    assert pipeline.events[2]["session_id"] == pipeline.events[0]["session_id"]


def test_a_session_swallowed_by_another_is_taken_back() -> None:
    pipeline = stitched(on(PHONE, 0), on(PHONE, 50), on(PHONE, 25))

    (row,) = pipeline.session_rows().values()
    assert row["events"] == 3
    gone = [(each["session_id"], each["merged_into"]) for each in pipeline.sessions if each["deleted"]]
    assert gone == [(pipeline.events[1]["session_id"], row["session_id"])]


def test_what_was_merged_into_a_session_that_is_merged_itself_follows_it() -> None:
    pipeline = stitched(on(PHONE, 0), on(PHONE, 50), on(PHONE, 100), on(PHONE, 75), on(PHONE, 25))

    (row,) = pipeline.session_rows().values()
    last = {each["session_id"]: each["merged_into"] for each in pipeline.sessions if each["deleted"]}
    assert row["events"] == 5
    assert len(last) == 2
    assert set(last.values()) == {row["session_id"]}


@pytest.mark.parametrize(("boundary", "sessions"), [(True, 2), (False, 1)])
def test_whether_a_campaign_begins_a_session_is_the_shops_to_say(boundary: bool, sessions: int) -> None:
    pipeline = Pipeline({"demo": a_shop(campaign_boundary=boundary)})
    pipeline.publish(on(PHONE, 0), on(PHONE, 1, utm={"source": "instagram"}))
    pipeline.run()

    assert len(pipeline.session_rows()) == sessions


def test_an_event_of_a_session_long_over_is_said_again_the_same() -> None:
    pipeline = stitched(on(PHONE, 0), on(PHONE, 1), on(PHONE, 100 * 60))
    first = pipeline.events[0]
    pipeline.step((EVENTS, 0), offset=0)

    assert pipeline.events[-1] == first


def test_the_gap_is_the_shops() -> None:
    pipeline = Pipeline({"demo": a_shop(session_gap_seconds=60)})
    pipeline.publish(on(PHONE, 0), on(PHONE, 2))
    pipeline.run()

    assert len(pipeline.session_rows()) == 2


def test_items_carry_the_catalogs_facts_and_unknown_ones_say_so() -> None:
    pipeline = Pipeline()
    pipeline.catalog.apply(a_product_change())
    pipeline.publish(on(PHONE, items=[an_item(price=0.42), an_item(product_id="1", variant_id="2", sku="3")]))
    pipeline.run()

    known, unknown = pipeline.events[0]["products"]
    assert (known["known"], known["price"], known["title"], known["catalog_version"]) == (True, 42.99, "Bracelet", NOON)
    assert (unknown["known"], unknown["variant_id"], unknown["title"]) == (False, "2", None)


def test_facts_follow_the_catalog() -> None:
    pipeline = Pipeline()
    pipeline.publish(on(PHONE, 0), on(PHONE, 1))
    pipeline.step((EVENTS, 0))
    pipeline.catalog.apply(a_product_change())
    pipeline.step((EVENTS, 0))

    assert [enriched["products"][0]["known"] for enriched in pipeline.events] == [False, True]


@pytest.mark.parametrize("webhook_first", [True, False])
def test_both_halves_of_a_purchase_meet_in_either_order(webhook_first: bool) -> None:
    pipeline = Pipeline()
    if webhook_first:
        pipeline.publish_order(an_order())
        pipeline.run()
        assert pipeline.order_rows()[ORDER]["match"] == "held"
        assert pipeline.purchases() == []
    pipeline.publish(completed())
    pipeline.run()
    if not webhook_first:
        assert pipeline.order_rows()[ORDER]["match"] == "held"
        pipeline.publish_order(an_order())
        pipeline.run()

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", ORDER)
    assert purchase["event"]["fbp"] == "fb.1.1596403881668.1"
    assert purchase["event"]["visitor_id"] == visitor_id("demo", PHONE)
    assert purchase["session_id"] == next(iter(pipeline.session_rows()))
    assert purchase["person_id"] == person_id("demo", "6940095086827")
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["client_id"], row["status"]) == ("matched", PHONE, "paid")
    assert None not in (row["seen_in_webhook_at"], row["seen_in_pixel_at"])


def test_a_webhook_without_its_pixel_leaves_alone_after_the_hold() -> None:
    pipeline = Pipeline()
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 2_000 + HOLD)
    assert pipeline.purchases() == []

    pipeline.pass_time(NOON + 2_000 + HOLD + 1)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["client_id"] == f"order:{ORDER}"
    assert pipeline.order_rows()[ORDER]["match"] == "webhook_only"


def test_a_completion_the_browser_never_told_is_still_its_visitors() -> None:
    pipeline = Pipeline()
    pipeline.publish(on(PHONE, -1, name="checkout_started", checkout_token=TOKEN, fbp="fb.1.1596403881668.7"))
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["client_id"] == PHONE
    assert purchase["event"]["fbp"] == "fb.1.1596403881668.7"
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["client_id"], row["seen_in_pixel_at"]) == ("webhook_only", PHONE, None)


def test_a_pixel_without_its_webhook_leaves_alone_after_the_hold() -> None:
    pipeline = stitched(completed())
    pipeline.pass_time(NOON + 10 * HOLD)

    assert [each["event"]["value"] for each in pipeline.purchases()] == [42.99]
    assert pipeline.order_rows()[ORDER]["match"] == "pixel_only"


def test_a_half_after_the_deadline_updates_the_row_and_sends_nothing_twice() -> None:
    pipeline = stitched(completed())
    pipeline.pass_time(NOON + 10 * HOLD)
    pipeline.publish_order(an_order(received_at=NOON + 11 * HOLD, value=40.0))
    pipeline.run()
    pipeline.pass_time(NOON + 20 * HOLD)

    assert len(pipeline.purchases()) == 1
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["value"]) == ("late", 40.0)


def test_a_completion_without_an_order_id_meets_the_webhook_of_its_checkout() -> None:
    pipeline = stitched(completed(order_id=None))
    assert (pipeline.purchases(), pipeline.orders) == ([], [])

    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", ORDER)
    assert purchase["event"]["client_id"] == PHONE
    assert pipeline.order_rows()[ORDER]["match"] == "matched"


def test_a_completion_whose_order_nobody_names_leaves_once_under_the_name_of_its_checkout() -> None:
    pipeline = stitched(completed(order_id=None))
    pipeline.pass_time(NOON + 250 + HOLD)
    assert pipeline.purchases() == []
    pipeline.pass_time(NOON + 250 + HOLD + 1)
    pipeline.publish_order(an_order(received_at=NOON + 11 * HOLD))
    pipeline.run()
    pipeline.pass_time(NOON + 20 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", f"checkout:{TOKEN}")
    row = pipeline.order_rows()[ORDER]
    assert (row["match"], row["client_id"]) == ("late", PHONE)
    assert row["purchase_event_id"] == purchase["event"]["event_id"]


@pytest.mark.parametrize("webhook_first", [True, False])
@pytest.mark.parametrize(
    ("pixel", "webhook"),
    [
        ({"order_id": ORDER}, {"checkout_token": None}),
        ({"order_id": ORDER, "checkout_token": None}, {}),
        ({"order_id": ORDER, "checkout_token": None}, {"checkout_token": None, "cart_token": None}),
        ({"order_id": ORDER, "checkout_token": "another"}, {}),
        ({"order_id": None}, {}),
        ({"order_id": None, "checkout_token": None, "cart_token": "c1"}, {"checkout_token": None, "cart_token": "c1"}),
    ],
)
def test_the_halves_meet_on_whatever_they_share(
    pixel: dict[str, Any], webhook: dict[str, Any], webhook_first: bool
) -> None:
    pipeline = Pipeline(partitions=4)
    if webhook_first:
        pipeline.publish_order(an_order(**webhook))
        pipeline.run()
    pipeline.publish(completed(**pixel))
    pipeline.run()
    pipeline.publish_order(an_order(**webhook))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert purchase["event"]["event_id"] == purchase_event_id("demo", ORDER)
    assert purchase["event"]["client_id"] == PHONE
    (row,) = pipeline.order_rows().values()
    assert (row["match"], row["client_id"]) == ("matched", PHONE)
    assert set(pipeline.persons().values()) == {person_id("demo", "6940095086827")}


def test_an_order_without_a_checkout_is_that_of_the_browser_that_saw_its_cart() -> None:
    pipeline = stitched(on(PHONE, -3, name="cart_viewed", cart_token="c1", fbp="fb.1.1596403881668.7"))
    pipeline.publish_order(an_order(checkout_token=None, cart_token="c1"))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (purchase,) = pipeline.purchases()
    assert (purchase["event"]["client_id"], purchase["event"]["fbp"]) == (PHONE, "fb.1.1596403881668.7")
    assert set(pipeline.persons().values()) == {person_id("demo", "6940095086827")}


@pytest.mark.parametrize("first", [PHONE, LAPTOP])
def test_of_two_browsers_that_complete_one_order_the_first_by_its_own_time_counts(first: str) -> None:
    events = {PHONE: completed(PHONE, 1), LAPTOP: completed(LAPTOP, 0)}
    pipeline = stitched(events.pop(first))
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.publish(*events.values())
    pipeline.run()

    (purchase,) = pipeline.purchases()
    assert (purchase["event"]["event_id"], purchase["event"]["client_id"]) == (purchase_event_id("demo", ORDER), LAPTOP)
    assert pipeline.order_rows()[ORDER]["client_id"] == LAPTOP
    (place,) = {place for place in pipeline.logs if place[0] == ORDERS}
    pipeline.step(place, offset=0)
    assert {each["event"]["client_id"] for each in pipeline.purchases()} == {LAPTOP}


def test_later_words_on_an_order_update_its_row_by_their_own_time() -> None:
    pipeline = stitched(completed())
    cancelled = an_order(topic="orders/cancelled", status="cancelled", updated_at=NOON + 2, cancelled_at=NOON + 2)
    pipeline.publish_order(an_order(status="open"), cancelled, an_order(status="paid", updated_at=NOON + 1))
    pipeline.run()

    assert pipeline.order_rows()[ORDER]["status"] == "cancelled"
    assert len(pipeline.purchases()) == 1


def a_refund(amount: float, refund_id: str = "1") -> OrderReceived:
    told: dict[str, Any] = {"topic": "refunds/create", "delivery_id": f"refund:{refund_id}", "value": None, "items": []}
    return an_order(**told, customer_id=None, totals={"refunded": amount}, received_at=NOON + 5 * MINUTE)


@pytest.mark.parametrize("first", ["order", "refund"])
@pytest.mark.parametrize(
    ("amounts", "status", "refunded"),
    [((10.0,), "partially_refunded", 10.0), ((10.0, 32.99), "refunded", 42.99), ((42.99,), "refunded", 42.99)],
)
def test_refunds_are_on_the_row_of_their_order_and_send_nothing(
    amounts: tuple[float, ...], status: str, refunded: float, first: str
) -> None:
    refunds = [a_refund(amount, str(number)) for number, amount in enumerate(amounts)]
    pipeline = Pipeline()
    pipeline.publish_order(*([an_order(), *refunds] if first == "order" else [*refunds, an_order()]), refunds[0])
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    (row,) = pipeline.order_rows().values()
    assert (row["status"], row["totals"]) == (status, {"subtotal": 42.99, "refunded": refunded})
    assert len(pipeline.purchases()) == 1


def test_a_refund_of_an_order_nobody_told_of_is_no_order() -> None:
    pipeline = Pipeline()
    pipeline.publish_order(a_refund(1.0))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    assert (pipeline.orders, pipeline.purchases(), pipeline.rejected) == ([], [], [])


def test_an_order_tells_every_browser_of_its_checkout_whose_it_was() -> None:
    pipeline = stitched(
        on(LAPTOP, -100, name="checkout_started", checkout_token=TOKEN),
        on(LAPTOP, -900),
        completed(PHONE, 0),
        on("stranger"),
    )
    pipeline.publish_order(an_order())
    pipeline.run()

    buyer = person_id("demo", "6940095086827")
    persons = pipeline.persons()
    by_client = {each["event"]["client_id"]: persons[each["event"]["event_id"]] for each in pipeline.events}
    assert (by_client[LAPTOP], by_client[PHONE]) == (buyer, buyer)
    assert by_client["stranger"] == visitor_id("demo", "stranger")
    reasons = {link["reason"] for link in pipeline.links}
    assert reasons == {"checkout", "checkout_completed", "context", "order", "learned"}


def test_whose_an_order_was_the_shop_says_however_often_a_browser_has_said_otherwise() -> None:
    pipeline = stitched(*(completed(PHONE, number, customer_id="ada") for number in range(12)))
    pipeline.publish_order(an_order(customer_id="bob"))
    pipeline.run()

    assert {link["customer_id"] for link in pipeline.links if link["reason"] == "order"} == {"ada", "bob"}


def test_a_guests_order_merges_nobody() -> None:
    pipeline = stitched(on(LAPTOP, -9, checkout_token=TOKEN), completed())
    pipeline.publish_order(an_order(customer_id=None))
    pipeline.run()

    assert pipeline.timelines == []
    assert len(set(pipeline.persons().values())) == 2


def test_the_click_of_an_ad_is_kept_from_the_landing_to_the_purchase() -> None:
    landing, later = on(PHONE, 0, click_ids={"fbclid": "AbC"}), on(PHONE, 9, name="checkout_started")

    pipeline = stitched(landing, on(PHONE, 1), later)

    assert {each["event"]["fbc"] for each in pipeline.events} == {f"fb.1.{landing['occurred_at']}.AbC"}


def test_a_click_keeps_the_time_it_was_first_seen_with() -> None:
    first = f"fb.1.{NOON}.AbC"
    pipeline = stitched(on(PHONE, 0, fbc=first), on(PHONE, 1), on(PHONE, 2, fbc=f"fb.1.{NOON + 120_000}.AbC"))
    newer = f"fb.1.{NOON + 180_000}.dEf"
    pipeline.publish(on(PHONE, 3, fbc=newer), on(PHONE, 4), on(PHONE, 1.5))
    pipeline.run()

    assert [each["event"]["fbc"] for each in pipeline.events] == [first, first, first, newer, newer, None]


def test_a_click_in_the_address_counts_before_an_older_one_that_the_cookie_still_has() -> None:
    stale, landing = f"fb.1.{NOON - 60_000}.old", {"click_ids": {"fbclid": "New"}}
    clicked = f"fb.1.{NOON + MINUTE}.New"
    pipeline = stitched(
        on(PHONE, 0, fbc=stale),
        on(PHONE, 1, name="page_viewed", fbc=stale, **landing),
        on(PHONE, 2, name="product_viewed", fbc=stale, **landing),
        on(PHONE, 3, fbc=f"fb.1.{NOON + MINUTE + 7}.New", **landing),
        on(PHONE, 0.5, fbc=stale),
    )

    assert [each["event"]["fbc"] for each in pipeline.events] == [stale, clicked, clicked, clicked, stale]


def test_an_event_that_comes_late_keeps_the_click_of_its_own_address() -> None:
    pipeline = stitched(on(PHONE, 9, click_ids={"fbclid": "New"}), on(PHONE, 0, click_ids={"fbclid": "Old"}))

    assert pipeline.events[1]["event"]["fbc"] == f"fb.1.{NOON}.Old"


def test_who_refused_marketing_is_given_no_browser_ids() -> None:
    refusal = {"analytics": True, "marketing": False, "preferences": None, "sale_of_data": None}
    pipeline = stitched(on(PHONE, 0, fbp="fb.1.1596403881668.1"), on(PHONE, 1, consent=refusal))

    assert pipeline.events[1]["event"]["fbp"] is None


def test_a_record_read_again_is_said_again_and_changes_nothing() -> None:
    pipeline = Pipeline()
    pipeline.publish(on(PHONE, 0, customer_id="ada"), on(PHONE, 50), on(PHONE, 25), completed(minute=40))
    pipeline.publish_order(an_order())
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)
    tables = (dict(pipeline.visitors), dict(pipeline.checkouts))
    rows = (pipeline.session_rows(), pipeline.order_rows(), pipeline.timeline_rows())
    ids = {(each["event"]["event_id"], each["late"]) for each in pipeline.events}
    links = {link["link_id"] for link in pipeline.links}
    deleted = [(row["session_id"], row["version"]) for row in pipeline.sessions if row["deleted"]]
    pipeline.events.clear()
    pipeline.links.clear()
    pipeline.sessions.clear()

    pipeline.restart()
    for place, log in list(pipeline.logs.items()):
        for offset in range(len(log)):
            pipeline.step(place, offset=offset)
    pipeline.run()

    assert (pipeline.visitors, pipeline.checkouts) == tables
    assert {(each["event"]["event_id"], each["late"]) for each in pipeline.events} == ids
    assert {link["link_id"] for link in pipeline.links} == links
    assert [(row["session_id"], row["version"]) for row in pipeline.sessions if row["deleted"]] == deleted
    assert (pipeline.session_rows(), pipeline.order_rows(), pipeline.timeline_rows()) == rows


@pytest.mark.parametrize("topic", [EVENTS, ORDERS, LINKS])
@pytest.mark.parametrize("value", [None, b"", b"{}", b"\0\0\0\0\x63abc", b"\0\0\0\0\x02\xff\xff\xff"])
def test_what_does_not_decode_is_parked_with_its_bytes_and_its_place(topic: str, value: bytes | None) -> None:
    pipeline = Pipeline()
    outcome = pipeline.stitcher.stitch(Source(topic, 3, 42, value, NOON))

    (rejected,) = (CODEC.decode(each) for each in outcome.rejected)
    assert rejected["reason"] == "undecodable"
    assert rejected["payload"] == (value or b"")
    assert (rejected["topic"], rejected["partition"], rejected["offset"]) == (topic, 3, 42)
    assert outcome.envelopes() == []


def test_one_bad_event_is_parked_alone_in_a_form_that_can_be_replayed() -> None:
    pipeline = Pipeline({"demo": a_shop(day_boundary=True)})
    good, bad, other = on(PHONE, 0), an_event(client_id=PHONE, occurred_at=2**62), on(PHONE, 2)
    pipeline.publish_together([good, bad, other])
    pipeline.run()

    assert [each["event"]["event_id"] for each in pipeline.events] == [good["event_id"], other["event_id"]]
    (rejected,) = pipeline.rejected
    assert (rejected["reason"], rejected["shop_id"]) == ("rule_failed", "demo")
    assert CODEC.decode(rejected["payload"]) == {"events": [bad]}


@pytest.mark.parametrize("unlink_first", [True, False])
def test_an_unlink_takes_persons_sessions_and_timelines_apart_again(unlink_first: bool) -> None:
    pipeline = Pipeline()
    if unlink_first:
        pipeline.publish_link(an_unlink(PHONE, "ada", NOON + MINUTE))
        pipeline.run()
    pipeline.publish(on(PHONE, -600), on(PHONE, 0, customer_id="ada"))
    pipeline.run()
    if not unlink_first:
        assert set(pipeline.persons().values()) == {person_id("demo", "ada")}
        pipeline.publish_link(an_unlink(PHONE, "ada", NOON + MINUTE))
        pipeline.run()

    assert set(pipeline.persons().values()) == {visitor_id("demo", PHONE)}
    assert {row["customer_id"] for row in pipeline.session_rows().values()} == {None}
    assert pipeline.timeline_rows().get(visitor_id("demo", PHONE), ((), ())) == ((), ())


def test_a_login_after_an_unlink_counts_again() -> None:
    pipeline = stitched(on(PHONE, 0, customer_id="ada"))
    pipeline.publish_link(an_unlink(PHONE, "ada", NOON + MINUTE))
    pipeline.run()
    pipeline.publish(on(PHONE, 2, customer_id="ada"))
    pipeline.run()

    assert set(pipeline.persons().values()) == {person_id("demo", "ada")}


def test_a_shared_device_is_the_others_alone_once_one_is_unlinked() -> None:
    pipeline = stitched(on(PHONE, -900, customer_id="bob"), on(PHONE, -500), on(PHONE, 0, customer_id="ada"))
    pipeline.publish_link(an_unlink(PHONE, "ada", NOON + MINUTE))
    pipeline.run()

    assert set(pipeline.persons().values()) == {person_id("demo", "bob")}


def test_an_unlink_of_what_was_never_linked_changes_nothing_and_is_counted() -> None:
    pipeline = stitched(on(PHONE))
    pipeline.publish_link(an_unlink(PHONE, "cyd", NOON + MINUTE))
    outcome = pipeline.step((LINKS, 0))

    assert outcome.counts["unlinked", "nothing"] == 1
    assert outcome.envelopes() == []
    assert pipeline.rejected == []


@pytest.mark.parametrize(("field", "value"), [("action", "forget"), ("identifier_type", "order")])
def test_a_link_of_another_kind_is_refused_by_the_name_of_its_field(field: str, value: str) -> None:
    pipeline = Pipeline()
    link = CODEC.encode("Link", an_unlink(PHONE, "ada", NOON + MINUTE) | {field: value})
    outcome = pipeline.stitcher.stitch(Source(LINKS, 0, 1, link, NOON))

    (rejected,) = (CODEC.decode(each) for each in outcome.rejected)
    assert (rejected["reason"], rejected["field"]) == ("bad_value", field)


def test_an_order_that_waits_is_never_forgotten_however_many_share_its_checkout() -> None:
    pipeline = Pipeline()
    pipeline.publish_order(*(an_order(order_id=str(number)) for number in range(1, 41)))
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)

    assert len(pipeline.purchases()) == 40


def test_a_checkout_that_everybody_uses_makes_no_mega_person_and_stays_small() -> None:
    pipeline = stitched(*(on(f"client-{number}", number / 100, checkout_token=TOKEN) for number in range(300)))
    pipeline.publish_order(an_order())
    pipeline.run()

    assert [link for link in pipeline.links if link["reason"] == "order" and link["identifier_type"] == "visitor"] == []
    assert pipeline.order_rows()[ORDER]["customer_id"] == "6940095086827"
    assert max(map(len, pipeline.checkouts.values())) < 32_000


@pytest.mark.parametrize(("most", "regulars", "crowd"), [(10, 5, 60), (40, 0, 41)])
def test_some_who_use_a_checkout_all_the_time_do_not_hide_that_everybody_does(
    most: int, regulars: int, crowd: int
) -> None:
    pipeline, started = Pipeline({"demo": a_shop(checkout_browsers=most)}), {"checkout_token": TOKEN}
    pipeline.publish(
        *(on(f"regular-{number}", hour * 60, **started) for number in range(regulars) for hour in range(10)),
        *(on(f"client-{number}", 0, **started) for number in range(crowd)),
    )
    pipeline.publish_order(an_order())
    pipeline.run()

    assert {customer for each in pipeline.timeline_rows().values() for customer in each.customers} <= {""}
    assert max(map(len, pipeline.checkouts.values())) < 32_000


def test_what_a_checkout_told_before_everybody_used_it_is_taken_back() -> None:
    pipeline = stitched(completed(PHONE))
    pipeline.publish_order(an_order())
    pipeline.run()
    assert set(pipeline.persons().values()) == {person_id("demo", "6940095086827")}

    pipeline.publish(*(on(f"client-{number}", number, checkout_token=TOKEN) for number in range(1, 12)))
    pipeline.run()

    persons = pipeline.persons()
    assert person_id("demo", "6940095086827") not in {
        who for event, who in persons.items() if event != purchase_event_id("demo", ORDER)
    }
    assert {link["reason"] for link in pipeline.links if link["action"] == "unlink"} == {"contested"}


def test_a_customer_id_that_too_many_browsers_name_is_no_person() -> None:
    pipeline = Pipeline({"demo": a_shop(customer_browsers=3)}, partitions=4)
    pipeline.publish(*(on(f"client-{number}", number, customer_id="house") for number in range(3)))
    pipeline.run()
    assert set(pipeline.persons().values()) == {person_id("demo", "house")}

    pipeline.publish(*(on(f"client-{number}", number, customer_id="house") for number in range(3, 6)))
    pipeline.publish(on("client-0", 9, customer_id="ada"), on("client-1", 9, customer_id="house"))
    pipeline.run()

    persons = set(pipeline.persons().values())
    assert persons == {person_id("demo", "ada"), *(visitor_id("demo", f"client-{number}") for number in range(1, 6))}
    assert all(row["customer_id"] in ("ada", None) for row in pipeline.session_rows().values())


def test_a_customer_id_that_everybody_names_costs_one_more_record_for_each_login_and_is_never_believed_again() -> None:
    pipeline, days = Pipeline({"demo": a_shop(customer_browsers=3)}), 24 * 60
    for number in range(100):
        pipeline.publish(on(f"client-{number}", number * 9 * days, customer_id="house"))
    pipeline.run()
    assert person_id("demo", "house") not in pipeline.persons().values()

    before = len(pipeline.links)
    pipeline.publish(*(on(f"other-{number}", 99 * 9 * days, customer_id="house") for number in range(50)))
    pipeline.run()
    assert [link["reason"] for link in pipeline.links[before:]].count("contested") == 50


def test_orders_of_too_many_browsers_are_of_no_person_either() -> None:
    pipeline = Pipeline({"demo": a_shop(customer_browsers=3)}, partitions=4)
    for number in range(5):
        token = f"{TOKEN}-{number}"
        pipeline.publish(completed(f"client-{number}", number, checkout_token=token, order_id=f"77{number}"))
        pipeline.publish_order(an_order(checkout_token=token, order_id=f"77{number}", customer_id="house"))
    pipeline.run()

    timelines = pipeline.timeline_rows()
    assert {customer for each in timelines.values() for customer in each.customers} == set()
    assert len(pipeline.purchases()) == 5


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize(("days", "known"), [(400, True), (401, False)])
def test_a_browser_is_forgotten_after_as_long_as_its_shop_says_deleted_or_not(
    days: int, known: bool, deleted: bool
) -> None:
    pipeline = Pipeline({"demo": a_shop()})
    pipeline.publish(on(PHONE, customer_id="ada"))
    pipeline.run()
    if deleted and not known:
        pipeline.visitors.clear()
    pipeline.publish(on(PHONE, days * 24 * 60, customer_id="bob"))
    pipeline.run()

    customers = pipeline.timeline_rows()[visitor_id("demo", PHONE)].customers
    assert ("ada" in customers) is known
