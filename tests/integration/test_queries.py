"""Every question beside plain Python over the same random days, in which every row was written at least twice."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from math import sqrt
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from analytics.migrate import migrate
from analytics.questions import query
from connectors.clickhouse.client import connect
from schemas.errors import ConfigurationError
from schemas.records import Event, Item
from schemas.settings import ClickHouseSettings
from tests.integration.filling import fill
from tests.integration.shop_days import DAY, HOUR, ShopDays

pytestmark = pytest.mark.integration

STEPS = ("product_viewed", "product_added_to_cart", "checkout_started", "purchase")


class Shop(NamedTuple):
    """The days, and where they are."""

    days: ShopDays
    clickhouse: ClickHouseSettings

    def ask(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        answer = query(name, self.clickhouse, shop="demo", **parameters)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


@pytest.fixture(scope="module", params=[1, 2])
def shop(request: pytest.FixtureRequest, clickhouse_url: str) -> Iterator[Shop]:
    url = f"{clickhouse_url.rstrip('/')}/queries_{uuid4().hex[:8]}"
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(clickhouse)
    days = ShopDays(request.param)
    fill(clickhouse, days)
    yield Shop(days, clickhouse)
    client = connect(clickhouse)
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def recent(days: ShopDays, at: int, *, within: int = 7) -> bool:
    return at >= days.now - within * DAY


def reached(steps: list[tuple[int, int]], window: int) -> int:
    """Tell how many steps were made in order within *window*: by trying, not as windowFunnel does it."""
    best = 0
    for first_at, step in steps:
        if step == 0:
            level = 1
            for at, later in sorted(steps):
                if later == level and first_at <= at <= first_at + window:
                    level += 1
            best = max(best, level)
    return best


@pytest.mark.parametrize("window_hours", [1, 24, 168])
def test_funnel_counts_the_people_who_made_each_step_in_order(shop: Shop, window_hours: int) -> None:
    steps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in by_people(shop.days):
        if event["name"] in STEPS and recent(shop.days, event["occurred_at"]):
            person = shop.days.person(event["visitor_id"], event["occurred_at"])
            steps[person].append((event["occurred_at"], STEPS.index(event["name"])))
    levels = [reached(sorted(each), window_hours * HOUR) for each in steps.values()]

    rows = shop.ask("funnel", window_hours=window_hours)

    assert [row["made_it"] for row in rows] == [sum(level >= step for level in levels) for step in (1, 2, 3, 4)]
    assert rows[0]["made_it"] > rows[1]["made_it"] > 0


def test_events_by_person_says_of_each_event_whose_it_is_today(shop: Shop) -> None:
    client = connect(shop.clickhouse)
    rows = client.query("SELECT event_id, toString(person_id) FROM events_by_person").result_rows
    client.close()

    days = shop.days
    assert dict(rows) == {
        each["event"]["event_id"]: days.person(each["event"]["visitor_id"], each["event"]["occurred_at"])
        for each in days.events
    }
    assert len(rows) == len(days.events)
    assert {person for _, person in rows} != {each["event"]["visitor_id"] for each in days.events}


def test_top_products_counts_people_units_and_money_per_product(shop: Shop) -> None:
    did: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    views, units, revenue = Counter[str](), Counter[str](), defaultdict[str, Counter[str]](Counter)
    for event in by_people(shop.days):
        if not recent(shop.days, event["occurred_at"]):
            continue
        for item in event["items"]:
            product = item["product_id"] or ""
            did[product][event["name"]].add(shop.days.person(event["visitor_id"], event["occurred_at"]))
            views[product] += event["name"] == "product_viewed"
            if event["name"] == "purchase":
                units[product] += item["quantity"]
                revenue[product][event["currency"] or ""] += cents(item)
    rows = {row["product_id"]: row for row in shop.ask("top_products")}

    assert len(rows) == 4
    for product, row in rows.items():
        viewers, buyers = did[product]["product_viewed"], did[product]["purchase"]
        assert (row["views"], row["viewers"], row["buyers"]) == (views[product], len(viewers), len(buyers))
        assert row["units_sold"] == units[product]
        assert {name: int(amount * 100) for name, amount in row["revenue"].items()} == revenue[product]
        assert row["title"] == f"Title {product}"
        assert row["conversion"] == pytest.approx(len(viewers & buyers) / len(viewers), abs=1e-4)
        assert row["conversion_at_least"] == pytest.approx(wilson(len(viewers & buyers), len(viewers)), abs=1e-4)


def by_people(days: ShopDays) -> list[Event]:
    bots = {each["session_id"] for each in days.sessions if each["device"] == "bot" and not each["deleted"]}
    return [each["event"] for each in days.events if each["session_id"] not in bots]


def cents(item: Item) -> int:
    return round((item["price"] or 0) * 100) * item["quantity"]


def wilson(successes: int, trials: int, z: float = 1.96) -> float:
    """Wikipedia's form, written otherwise than in the query."""
    p = successes / trials
    centre = p + z * z / (2 * trials)
    return (centre - z * sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))) / (1 + z * z / trials)


def test_sessions_by_source_names_the_source_and_sums_each_currency_alone(shop: Shop) -> None:
    expected: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for session in shop.days.sessions:
        if session["deleted"] or session["device"] == "bot" or not recent(shop.days, session["started_at"]):
            continue
        referrer = (urlsplit(session["referrer"] or "").hostname or "").removeprefix("www.")
        source = (
            session["utm"].get("source")
            or ("google" if "gclid" in session["click_ids"] else "facebook" if "fbclid" in session["click_ids"] else "")
            or (referrer if referrer != "shop.example" else "")
            or "direct"
        )
        row = expected[source, session["utm"].get("medium", "(none)")]
        mine = [
            each
            for each in shop.days.orders
            if each["session_id"] == session["session_id"] and each["status"] == "paid"
        ]
        row["sessions"] += 1
        row["bounced"] += session["page_views"] + session["product_views"] <= 1 and not session["cart_additions"]
        row["bought"] += bool(mine)
        for order in mine:
            row[order["currency"] or ""] += round((order["value"] or 0) * 100)
    told = {(row["source"], row["medium"]): row for row in shop.ask("sessions_by_source")}

    assert told.keys() == expected.keys()
    for key, line in told.items():
        assert (line["sessions_begun"], line["bought"]) == (expected[key]["sessions"], expected[key]["bought"])
        assert line["bounced"] == pytest.approx(expected[key]["bounced"] / expected[key]["sessions"], abs=1e-4)
        for currency in ("EUR", "USD"):
            assert line["revenue"].get(currency, Decimal(0)) * 100 == expected[key][currency]


def test_overview_counts_people_visits_orders_and_money(shop: Shop) -> None:
    days = shop.days
    visits = [each for each in days.sessions if not each["deleted"]]
    bots = {each["session_id"] for each in visits if each["device"] == "bot"}
    events = [
        each["event"]
        for each in days.events
        if recent(days, each["event"]["occurred_at"]) and each["session_id"] not in bots
    ]
    orders = [each for each in days.orders if recent(days, each["ordered_at"]) and each["status"] == "paid"]
    revenue = Counter[str]()
    for order in orders:
        revenue[order["currency"] or ""] += round((order["value"] or 0) * 100)
    (row,) = shop.ask("overview")

    assert row["events"] == len(events)
    browsers = {each["visitor_id"] for each in events if not each["client_id"].startswith("order:")}
    assert row["visitors"] == len(browsers)
    assert row["persons"] == len({days.person(each["visitor_id"], each["occurred_at"]) for each in events})
    assert row["sessions"] == sum(
        recent(days, each["started_at"]) and each["session_id"] not in bots for each in visits
    )
    assert row["orders"] == len(orders)
    assert {name: int(amount * 100) for name, amount in row["revenue"].items()} == revenue


def test_conversions_and_rejections_are_counted_once_each(shop: Shop) -> None:
    receipts = Counter(
        (each["event_name"], each["status"], each["reason"] or "")
        for each in shop.days.receipts
        if recent(shop.days, each["sent_at"])
    )
    rejections = Counter(
        (each["reason"], each["field"] or "")
        for each in shop.days.rejections
        if recent(shop.days, each["received_at"]) and each["shop_id"] != "other"
    )
    told = shop.ask("conversions_by_status")

    assert {(r["event_name"], r["status"], r["reason"]): r["conversions_made"] for r in told} == receipts
    before = datetime.fromtimestamp(shop.days.now / 1000 - 7 * 86_400, UTC).isoformat(timespec="milliseconds")
    earlier = shop.ask("conversions_by_status", until=before)
    assert sum(r["conversions_made"] for r in earlier) == len(shop.days.receipts) - receipts.total()
    assert sum(r["of_event"] for r in told if r["event_name"] == "Purchase") == pytest.approx(1, abs=1e-3)
    assert {(r["reason"], r["field"]): r["records"] for r in shop.ask("rejected_by_reason")} == rejections


def test_views_show_products_carts_and_checkouts_once_each(shop: Shop) -> None:
    client = connect(shop.clickhouse)
    counts = {
        name: client.query(f"SELECT count() FROM {name}").result_rows[0][0]
        for name in ("product_views", "cart_actions", "order_items", "event_items", "orders FINAL")
    }
    persons = client.query("SELECT count(), sum(events) FROM persons WHERE events > 0").result_rows[0]
    client.close()

    days = shop.days
    names = Counter(each["event"]["name"] for each in days.events)
    assert counts["product_views"] == names["product_viewed"]
    assert counts["cart_actions"] == names["product_added_to_cart"] + names["cart_viewed"]
    assert counts["order_items"] == sum(len(each["items"]) for each in days.orders)
    assert counts["event_items"] == sum(len(each["event"]["items"]) for each in days.events)
    assert persons == (
        len({days.person(each["event"]["visitor_id"], each["event"]["occurred_at"]) for each in days.events}),
        len(days.events),
    )


def test_a_question_that_is_not_there_or_not_told_enough_says_so(shop: Shop) -> None:
    for name, parameters, message in (
        ("funel", {"shop": "demo"}, "no question funel; there are: .*funnel"),
        ("funnel", {}, "funnel needs shop"),
        ("funnel", {"shop": "demo", "days": "x"}, "days must be a whole number"),
        ("funnel", {"shop": "demo", "week": 1}, "funnel has no parameter week"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            query(name, shop.clickhouse, **parameters)
