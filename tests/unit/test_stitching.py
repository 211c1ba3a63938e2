"""What becomes of events, told as stories of shoppers."""

import pytest

from schemas.identifiers import person_id, session_id, visitor_id
from streams.stitching import Source
from tests.builders import MINUTE, NOON, a_product_change, a_shop, an_event, an_item, an_order
from tests.shoppers import HOLD, LAPTOP, PHONE, completed, on, stitched
from tests.stitched import CODEC, EVENTS, LINKS, ORDERS, Pipeline


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


def test_of_two_events_of_one_millisecond_that_a_campaign_parts_each_is_said_again_in_its_own_session() -> None:
    pipeline = stitched(on(PHONE, event_id="e0"), on(PHONE, event_id="e1", utm={"source": "mail"}))
    first = pipeline.visits()
    for offset in range(2):
        pipeline.step((EVENTS, 0), offset=offset)

    assert len(set(first.values())) == 2
    assert pipeline.visits() == first


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
