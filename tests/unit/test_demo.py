"""The demo shop is the same from the same seed, and holds every kind of disorder it promises."""

import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime

from deploy.demo.banner import the_experiment
from deploy.demo.catalogue import a_catalogue, to_webhook
from deploy.demo.days import DAY, shop_days, shop_opening
from deploy.demo.merchant import a_round
from deploy.demo.report import hint_for
from deploy.demo.sections import cohort_table
from deploy.demo.visits import Sending
from tests.builders import NOON


def some_days(seed: int = 7, shoppers: int = 400) -> list[Sending]:
    rng = random.Random(seed)
    return shop_days(rng, a_catalogue(rng), NOON, shoppers=shoppers)


def test_the_same_seed_tells_the_same_days() -> None:
    assert some_days() == some_days()
    assert some_days(seed=8) != some_days()


def test_nothing_happens_after_now_or_before_the_days() -> None:
    assert all(NOON - 3 * DAY - DAY <= each.at <= NOON for each in some_days())


def test_a_catalogue_of_hundreds_has_distinct_products_and_variants() -> None:
    catalogue = a_catalogue(random.Random(7))
    variants = [variant for product in catalogue for variant in product.variants]

    assert len({product.handle for product in catalogue}) == len(catalogue) == 300
    assert (
        len({variant.variant_id for variant in variants}) == len({variant.sku for variant in variants}) == len(variants)
    )


def test_the_opening_leaves_some_products_unknown() -> None:
    catalogue = a_catalogue(random.Random(7))

    told = {each.body["id"] for each in shop_opening(catalogue, NOON) if each.channel == "products/create"}

    assert 0 < len(catalogue) - len(told) < 10


def test_some_products_have_no_picture_and_others_get_a_price_or_go_while_people_shop() -> None:
    catalogue = a_catalogue(random.Random(7))
    told = {each.body["id"]: each.body for each in shop_opening(catalogue, NOON) if each.channel == "products/create"}

    sendings, done = a_round(catalogue)

    prices = {str(each.body["id"]): each.body["variants"][0]["price"] for each in sendings[:-1]}
    assert sum(not body["images"] for body in told.values()) == 6
    assert set(prices) == set(done.repriced) <= {str(product_id) for product_id in told}
    assert all(price != told[int(product_id)]["variants"][0]["price"] for product_id, price in prices.items())
    assert (sendings[-1].channel, str(sendings[-1].body["id"])) == ("products/delete", done.deleted)
    assert done.deleted not in prices


def test_the_days_hold_doubled_late_bad_and_scriptless_requests() -> None:
    sendings = some_days()
    times = Counter(event_id for each in sendings for event_id in each.event_ids)

    assert max(times.values()) == 2
    assert any(each.channel == "gif" for each in sendings)
    assert any(each.channel == "pixel" and not isinstance(each.body, list) for each in sendings)
    assert any(_is_late(each) for each in sendings)


def _is_late(sending: Sending) -> bool:
    return isinstance(sending.body, list) and sending.at - sending.body[-1]["sent_at"] > 3_000_000


def test_some_webhooks_come_before_their_pixel_event_and_some_pixel_events_never_come() -> None:
    webhook_at: dict[str, int] = {}
    completed_at: dict[str, int] = defaultdict(int)
    for each in some_days():
        if each.channel == "orders/create":
            webhook_at[each.order_id] = each.at
        for wrapped in each.body if isinstance(each.body, list) else ():
            if wrapped["event"]["name"] == "checkout_completed":
                completed_at[wrapped["event"]["data"]["checkout"]["order"]["id"]] = each.at

    assert set(webhook_at) - set(completed_at)
    assert any(webhook_at[order] < at for order, at in completed_at.items())


def test_devices_are_shared_and_customers_have_several() -> None:
    customers: dict[str, set[str]] = defaultdict(set)
    clients: dict[str, set[str]] = defaultdict(set)
    for each in some_days():
        for wrapped in each.body if isinstance(each.body, list) else ():
            if wrapped["customer"]:
                customers[wrapped["event"]["clientId"]].add(wrapped["customer"]["id"])
                clients[wrapped["customer"]["id"]].add(wrapped["event"]["clientId"])

    assert any(len(each) == 2 for each in customers.values())
    assert any(len(each) == 2 for each in clients.values())


def test_a_product_webhook_is_json_with_prices_as_strings() -> None:
    (product, *_) = a_catalogue(random.Random(7))
    body = json.loads(json.dumps(to_webhook(product, datetime.fromtimestamp(0, UTC))))

    assert all(isinstance(variant["price"], str) for variant in body["variants"])


def test_a_browser_sees_one_variant_of_the_experiment_whenever_it_sees_its_cart() -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for each in some_days():
        for wrapped in each.body if isinstance(each.body, list) else ():
            if wrapped["event"]["name"] == "experiment_viewed":
                seen[wrapped["event"]["clientId"]].add(wrapped["event"]["customData"]["variant"])

    assert all(len(variants) == 1 for variants in seen.values())
    assert set().union(*seen.values()) == {variant.name for variant in the_experiment().variants}


def test_cohorts_are_laid_out_by_the_days_since_their_first() -> None:
    rows = [
        {"cohort": "2026-11-18", "number": 0, "people": 8, "cohort_size": 8, "share": 1.0},
        {"cohort": "2026-11-18", "number": 2, "people": 2, "cohort_size": 8, "share": 0.25},
        {"cohort": "2026-11-19", "number": 0, "people": 5, "cohort_size": 5, "share": 1.0},
    ]
    lines, columns = cohort_table(rows)

    assert columns == ["first came", "people", "after 2 days"]
    assert lines[0] == {"first came": "2026-11-18", "people": 8, "after 2 days": "25.0%"}
    assert lines[1] == {"first came": "2026-11-19", "people": 5}


def test_its_hint_is_a_command_that_runs_whoever_owns_the_server() -> None:
    assert "curl http://127.0.0.1:8123 --data" in hint_for("http://127.0.0.1:8123")
    assert "storestream query overview --shop demo" in hint_for("what CLICKHOUSE_URL names")
