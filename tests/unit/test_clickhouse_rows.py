"""Records become rows: golden rows for a whole event, and what happens where something is not known."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.clickhouse.rows import COLUMNS, TOPICS, rows_of
from connectors.clickhouse.rows.values import NIL, amount, amounts, path_of
from schemas.identifiers import person_id
from schemas.records import EnrichedEnvelope, Inventory
from schemas.topics import TOPICS as ALL_TOPICS
from tests.archived import (
    SESSION,
    VISITOR,
    a_link,
    a_receipt,
    a_rejection,
    a_session,
    a_timeline,
    an_enriched_event,
    an_order_row,
    some_facts,
)
from tests.builders import NOON, a_product_change, an_item
from tests.synced import a_product_receipt, a_sync_job, an_alert

GOLDEN = Path(__file__).parent / "event_row.json"


def the_row(table: str, topic: str, value: Any) -> dict[str, Any]:
    (row,) = rows_of(topic, value, 1, 17)[table]
    assert len(row) == len(COLUMNS[table])
    return dict(zip(COLUMNS[table], row, strict=True))


def the_event_row(**changes: Any) -> dict[str, Any]:
    envelope = EnrichedEnvelope(events=[an_enriched_event(**changes)], sessions=[], orders=[], timelines=[])
    return the_row("events", "events.enriched", envelope)


def in_envelope(**arrays: list[Any]) -> Any:
    return {"events": [], "sessions": [], "orders": [], "timelines": []} | arrays


def test_a_whole_event_is_the_golden_row() -> None:
    row = the_event_row(
        event_id="sh-1",
        seq=4,
        reported_at=NOON - 7,
        sent_at=NOON + 20,
        customer_id="6940095086827",
        checkout_token="t",
        cart_token="c",
        order_id="5",
        url="https://shop.example/products/bracelet?utm_source=google#top",
        referrer="https://www.google.com/",
        country="DE",
        fbp="fb.1.1.2",
        utm={"source": "google", "campaign": "autumn"},
        click_ids={"gclid": "x1"},
        consent={"analytics": True, "marketing": False, "preferences": None, "sale_of_data": None},
        user_data={"em": "0" * 64},
        totals={"subtotal": 42.99},
        search_query="blue",
        collection_id="9",
        sales_channel="web",
        properties='{"a":1}',
    )

    assert json.loads(orjson.dumps(row)) == json.loads(GOLDEN.read_text())


def test_an_event_that_is_another_browsers_now_is_taken_back() -> None:
    taken_back = an_enriched_event() | {"retracted": True}
    row = the_row("events", "events.enriched", in_envelope(events=[taken_back]))

    assert (row["is_deleted"], the_event_row()["is_deleted"]) == (1, 0)


def test_hashes_and_addresses_of_people_are_not_in_any_event_row() -> None:
    row = the_event_row(user_data={"em": "5ad1" * 16, "ph": "77aa" * 16}, client_ip="203.0.113.7", fbp="fb.1.1.987654")

    written = orjson.dumps(row).decode()
    assert row["match_keys"] == ["em", "ph", "fbp", "client_ip"]
    assert not any(secret in written for secret in ("5ad1", "77aa", "203.0.113.7", "987654"))


def test_an_event_of_two_products_names_no_single_one_and_lists_both() -> None:
    row = the_event_row(items=[an_item(), an_item(product_id="2", quantity=3)], products=[some_facts()])

    assert (row["product_id"], row["quantity"], row["price"], row["product_known"]) == ("", 0, None, False)
    assert row["items.product_id"] == ["7992983748843", "2"]
    assert row["items.quantity"] == [1, 3]
    assert row["items.title"] == ["Bracelet, blue", "Bracelet"]
    assert row["items.known"] == [True, False]
    assert row["currency"] == "EUR"


def test_an_event_of_no_product_and_no_visitor_is_empty_and_nil_there() -> None:
    row = the_event_row(items=[], products=[], visitor_id="", session_id="", person_id="", currency=None, value=None)

    assert (row["visitor_id"], row["session_id"], row["person_id_then"]) == (NIL, NIL, NIL)
    assert (row["product_id"], row["items.product_id"], row["currency"], row["value"]) == ("", [], "", None)


def test_the_catalog_wins_over_the_event_except_for_the_price_paid() -> None:
    row = the_event_row(items=[an_item(title="Old", price=42.99)], products=[some_facts(title="New", price=39.99)])

    assert (row["product_title"], row["price"], row["catalog_price"]) == ("New", 42.99, 39.99)


def test_a_replayed_event_differs_only_in_where_it_came_from() -> None:
    envelope = in_envelope(events=[an_enriched_event()])
    (first,), (second,) = (rows_of("events.enriched", envelope, 1, offset)["events"] for offset in (17, 40))

    differing = {c for c, a, b in zip(COLUMNS["events"], first, second, strict=True) if a != b}
    assert differing == {"kafka_offset", "version"}
    assert rows_of("events.enriched", envelope, 1, 17)["events"] == [first]


def test_a_session_an_order_a_timeline_and_a_link_become_one_row_each() -> None:
    session = the_row("sessions", "events.enriched", in_envelope(sessions=[a_session(deleted=True)]))
    order = the_row("orders", "events.enriched", in_envelope(orders=[an_order_row()]))
    override = the_row("identity_overrides", "events.enriched", in_envelope(timelines=[a_timeline()]))
    link = the_row("identity_log", "identities.linked", a_link())

    assert (session["entry_path"], session["utm_medium"], session["is_deleted"]) == ("/products/bracelet", "cpc", 1)
    assert (order["items.quantity"], order["seen_in_pixel_at"], order["coupon"]) == ([2], NOON / 1000 + 0.3, "")
    assert override["persons"] == [VISITOR, person_id("demo", "6940095086827")]
    assert (link["visitor_id"], link["order_id"]) == (VISITOR, "")


def test_a_visit_that_became_part_of_another_says_so_in_a_row_of_its_own() -> None:
    gone = a_session(deleted=True, merged_into=SESSION)
    merged = the_row("merged_sessions", "events.enriched", in_envelope(sessions=[gone]))

    assert (merged["session_id"], merged["merged_into"], merged["version"]) == (gone["session_id"], SESSION, 3)
    assert rows_of("events.enriched", in_envelope(sessions=[a_session()]), 0, 0)["merged_sessions"] == []


def test_a_product_is_a_row_per_variant_and_a_delete_is_one_row() -> None:
    change = a_product_change()
    assert change["product"] is not None
    change["product"]["variants"] *= 3

    rows = rows_of("products.changed", change, 0, 0)["products"]
    gone = the_row("products", "products.changed", a_product_change(action="delete", product=None))

    assert len(rows) == 3
    assert (gone["action"], gone["variant_id"], gone["price"], gone["title"]) == ("delete", "", None, "")


def test_a_stock_level_goes_to_its_own_table() -> None:
    level = Inventory(inventory_item_id="4711", location_id="1", available=None)

    row = the_row("inventory_levels", "products.changed", a_product_change(product=None, inventory=level))

    assert (row["inventory_item_id"], row["available"]) == ("4711", None)


def test_a_receipt_of_an_item_says_when_it_became_so() -> None:
    row = the_row("product_syncs", "products.synced", a_product_receipt())
    pending = the_row(
        "product_syncs", "products.synced", a_product_receipt(status="pending", finished_at=None, job_id="j1")
    )
    skipped = the_row(
        "product_syncs",
        "products.synced",
        a_product_receipt(status="skipped", reason="no_price", sent_at=None, finished_at=None, handle=None),
    )

    assert (row["changed_at"], row["told_at"], row["version"]) == (NOON / 1000, NOON / 1000 + 3, 17)
    assert (pending["told_at"], pending["finished_at"], pending["job_id"]) == (NOON / 1000 + 1, None, "j1")
    assert (skipped["told_at"], skipped["reason"], skipped["handle"]) == (NOON / 1000, "no_price", "")


def test_a_run_and_an_alert_are_one_row_each() -> None:
    job = the_row("sync_jobs", "catalogs.synced", a_sync_job(state="failed", failure="no_access", next_at=None))
    alert = the_row("alerts", "alerts.raised", an_alert())

    assert (job["total"], job["failure"], job["next_at"], job["version"]) == (20, "no_access", None, 17)
    assert job["quota_percent"] == 7
    assert (alert["subject"], alert["count"], alert["version"]) == ("main|43751530397931", 3, 17)


def test_what_was_accepted_once_outranks_any_later_refusal() -> None:
    versions = [
        the_row("conversions", "conversions.delivered", a_receipt(status=status, sent_at=sent_at))["version"]
        for status, sent_at in (
            ("skipped", NOON + 9),
            ("refused", NOON + 5),
            ("accepted", NOON),
            ("accepted", NOON + 1),
        )
    ]

    assert versions == sorted(set(versions))


@pytest.mark.parametrize("payload", [b"", b'{"a":"\\u00e9"}', "\u00e9\u2028".encode(), bytes(range(256)), b'"\\'])
def test_rejected_bytes_are_quoted_so_that_they_read_back_the_same(payload: bytes) -> None:
    (row,) = rows_of("records.rejected", a_rejection(payload=payload), 0, 0)["rejected"]

    quoted = orjson.dumps([row[6]])[1:-1]
    assert json.loads(quoted.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape") == payload


def test_every_topic_the_archive_reads_has_rows() -> None:
    assert set(TOPICS) == {topic.name for topic in ALL_TOPICS if "archive" in topic.readers}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://shop.example/a/b?c=/d#e", "/a/b"),
        ("https://shop.example", ""),
        ("https://shop.example/", "/"),
        ("https://shop.example/#x", "/"),
        ("//shop.example/a", "/a"),
        ("/a?b", "/a"),
        (None, ""),
    ],
)
def test_path_is_what_stands_between_host_and_query(url: str | None, path: str) -> None:
    assert path_of(url) == path


def test_amounts_keep_four_digits_and_what_is_no_number_is_not_known() -> None:
    assert [amount(value) for value in (19.989999999999998, 0.00005, None, float("nan"), float("inf"))] == [
        *(19.99, 0.0001, None, None, None)
    ]
    assert amounts({"tax": 0.1 + 0.2, "shipping": float("nan")}) == {"tax": 0.3}
