"""What is taken back, and what is believed of nobody, told as stories of shoppers."""

import pytest

from schemas.identifiers import person_id, purchase_event_id, visitor_id
from streams.stitching import Source
from tests.builders import MINUTE, NOON, a_shop, an_order
from tests.shoppers import HOLD, ORDER, PHONE, TOKEN, completed, on, stitched
from tests.stitched import CODEC, LINKS, Pipeline, an_unlink


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
