"""Profiles beside plain Python over the same days, made at once and bit by bit, on a real ClickHouse."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from analytics.migrate import migrate
from analytics.recommending.profiles import refresh_profiles
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.identifiers import person_id
from schemas.records import EnrichedEnvelope, EnrichedEvent, Order, Timeline
from schemas.settings import ClickHouseSettings
from tests.archived import an_enriched_event, an_order_row
from tests.builders import NOON, an_item
from tests.integration.shop_days import ShopDays

pytestmark = pytest.mark.integration

WEIGHTS = {"product_viewed": 1.0, "product_added_to_cart": 3.0, "purchase": 10.0}
MONTH = 30 * 86_400_000


class Told(NamedTuple):
    days: ShopDays
    clickhouse: ClickHouseSettings
    inserter: Inserter


@pytest.fixture
def told(clickhouse_url: str) -> Iterator[Told]:
    url = f"{clickhouse_url.rstrip('/')}/profiles_{uuid4().hex[:8]}"
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(clickhouse)
    days = ShopDays(4)
    owner = {each["event"]["order_id"]: each["event"]["visitor_id"] for each in days.events}
    for order in days.orders:  # made in the browser of its purchase
        order["visitor_id"] = owner[order["order_id"]]
        order["customer_id"] = "c1" if order["visitor_id"] in days.alone else None
    inserter = Inserter(clickhouse)
    yield Told(days, clickhouse, inserter)
    inserter.close()
    client = connect(clickhouse)
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def archive(
    told: Told, offset: int, events: list[EnrichedEvent], orders: list[Order], timelines: list[Timeline]
) -> None:
    envelope = EnrichedEnvelope(events=events, sessions=[], orders=orders, timelines=timelines)
    for table, rows in rows_of("events.enriched", envelope, 0, offset).items():
        if rows:
            told.inserter.insert(table, rows, f"{offset}")


def profiles(told: Told) -> dict[str, dict[str, Any]]:
    client = connect(told.clickhouse)
    rows = list(client.query("SELECT * FROM profiles_now WHERE shop_id = 'demo'").named_results())
    client.close()
    found = {str(row.pop("person_id")): row for row in rows}
    for row in found.values():
        del row["version"]
    return found


def test_a_profile_tells_what_plain_python_counts(told: Told) -> None:
    days = told.days
    archive(told, 0, days.events, days.orders, list(days.timelines.values()))
    done = refresh_profiles(told.clickhouse, "demo")
    by_person = defaultdict[str, list[EnrichedEvent]](list)
    for each in days.events:
        by_person[days.person(each["event"]["visitor_id"], each["event"]["occurred_at"])].append(each)
    orders = defaultdict[str, list[Order]](list)
    for order in days.orders:
        if order["status"] not in ("cancelled", "refunded", "voided"):
            orders[days.person(order["visitor_id"] or "", order["ordered_at"])].append(order)
    found = profiles(told)

    assert found.keys() == by_person.keys()
    assert done.persons >= len(found)
    for person, events in by_person.items():
        row, names = found[person], Counter(each["event"]["name"] for each in events)
        assert row["events"] == len(events)
        assert row["visitors"] == len({each["event"]["visitor_id"] for each in events})
        assert (row["views"], row["carts"]) == (names["product_viewed"], names["product_added_to_cart"])
        assert row["checkouts"] == names["checkout_started"]
        assert row["orders"] == len(orders[person])
        assert row["units"] == sum(item["quantity"] for order in orders[person] for item in order["items"])
        assert set(row["bought"]) == {item["product_id"] for order in orders[person] for item in order["items"]}
        paid = Counter[str]()
        for order in orders[person]:
            paid[order["currency"] or ""] += round((order["value"] or 0) * 100)
        assert {currency: round(float(value) * 100) for currency, value in row["revenue"].items()} == paid
        assert set(row["last_viewed"]) == products(events, "product_viewed")
        assert row["price_bands"] == pytest.approx(bands(events), abs=1e-5)
        assert row["stage"] == stage(len(orders[person]), names)


def products(events: list[EnrichedEvent], name: str) -> set[str | None]:
    return {item["product_id"] for each in events if each["event"]["name"] == name for item in each["event"]["items"]}


def bands(events: list[EnrichedEvent]) -> dict[str, float]:
    """All prices of these days are below ten: one band, of each currency a product was last seen in."""
    want, last = defaultdict[str, float](float), dict[str, tuple[int, str]]()
    for each in (each["event"] for each in events if each["event"]["name"] in WEIGHTS):
        for item in each["items"]:
            product, at = item["product_id"] or "", each["occurred_at"]
            want[product] += WEIGHTS[each["name"]] * 2 ** ((at - events[0]["event"]["occurred_at"]) / MONTH)
            last[product] = max(last.get(product, (0, "")), (at, f"{each['currency']} 0-10"))
    found = defaultdict[str, float](float)
    for product, weight in want.items():
        found[last[product][1]] += weight
    return {band: weight / sum(found.values()) for band, weight in found.items()}


def stage(orders: int, names: Counter[str]) -> str:
    if orders:
        return "loyal" if orders > 1 else "buyer"
    steps = {"checkout_started": "at checkout", "product_added_to_cart": "with cart", "product_viewed": "looking"}
    return next((told for name, told in steps.items() if names[name]), "new")


def test_bit_by_bit_comes_to_the_same_as_all_at_once(told: Told) -> None:
    days, timelines = told.days, list(told.days.timelines.values())
    half, late = len(days.events) // 2, len(timelines) // 2
    archive(told, 0, days.events[:half], days.orders[:1], timelines[:late])
    first = refresh_profiles(told.clickhouse, "demo")
    archive(told, 1, days.events[half:], days.orders[1:], [])
    refresh_profiles(told.clickhouse, "demo")
    archive(told, 2, [], [], timelines[late:])  # who they are becomes known without any event
    third = refresh_profiles(told.clickhouse, "demo")
    idle = refresh_profiles(told.clickhouse, "demo")
    bit_by_bit = profiles(told)
    everybody = refresh_profiles(told.clickhouse, "demo", everybody=True)

    assert bit_by_bit == profiles(told)
    assert 0 < third.persons < everybody.persons
    assert first.persons < everybody.persons
    assert idle.persons == 0
    merged = {person_id("demo", customer) for each in timelines for customer in each["customers"] if customer}
    assert merged & bit_by_bit.keys()


def test_a_cart_holds_what_was_put_in_and_neither_taken_out_nor_bought(told: Told) -> None:
    def did(name: str, product: str, minute: int) -> EnrichedEvent:
        at = NOON + minute * 60_000
        return an_enriched_event(
            name=name, occurred_at=at, items=[an_item(product_id=product)], products=[], value=None
        )

    added, removed, bought = "product_added_to_cart", "product_removed_from_cart", "purchase"
    acts = [(added, "a", 1), (added, "b", 2), (removed, "b", 3), (added, "c", 4), (bought, "c", 5), (added, "b", 6)]
    archive(told, 0, [did(*each) for each in acts], [], [])
    refresh_profiles(told.clickhouse, "demo")
    (profile,) = profiles(told).values()
    archive(told, 1, [], [an_order_row(customer_id=None)], [])
    again = refresh_profiles(told.clickhouse, "demo")
    (after,) = profiles(told).values()

    assert (again.persons, after["orders"], after["bought"]) == (1, 1, ["7992983748843"])
    assert profile["last_carted"] == ["b", "a"]
    assert profile["carts"] == 4
    assert profile["bought"] == []  # no order says it was
