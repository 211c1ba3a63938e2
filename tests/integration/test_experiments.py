"""Experiments from the configuration to the verdict, beside plain Python over the same events, on a real ClickHouse."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from click.testing import CliRunner
from fastapi import FastAPI

from analytics.experiments.assignment import assign, share
from analytics.experiments.configuration import Experiment, apply, configured
from analytics.experiments.results import read
from analytics.experiments.routes import routes
from analytics.experiments.serving import Experiments
from analytics.migrate import migrate
from analytics.questions import query
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from deploy.cli import storestream
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings, settings

pytestmark = pytest.mark.integration

PEOPLE = 6_000
UPLIFT = 1.6
EVENTS = (
    *("shop_id", "event_id", "name", "kind", "occurred_at", "received_at", "visitor_id", "session_id"),
    *("person_id_then", "properties", "version"),
)
ORDERS = ("shop_id", "order_id", "status", "ordered_at", "visitor_id", "value", "currency", "totals", "version")
OVERRIDES = ("shop_id", "visitor_id", "starts", "customers", "persons", "version")
SESSIONS = ("shop_id", "session_id", "visitor_id", "started_at", "ended_at", "device", "utm_source", "version")


class Person(NamedTuple):
    """What somebody saw and did; *visitors* are two where two browsers turned out to be one person."""

    visitors: list[int]
    variant: str
    device: str
    mixed: bool
    clicked: bool
    paid: list[float]


class Told(NamedTuple):
    clickhouse: ClickHouseSettings
    people: list[Person]
    experiment: Experiment


@pytest.fixture(scope="module")
def told(clickhouse_url: str) -> Iterator[Told]:
    url = f"{clickhouse_url.rstrip('/')}/experiments_{uuid4().hex[:8]}"
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(clickhouse)
    client = connect(clickhouse)
    variants = [{"name": "popular", "settings": {"strategy": "popular"}}, {"name": "knn"}]
    plan = {"shop": "demo", "name": "home", "variants": variants, "expected_uplift": 0.4}
    experiment = Experiment.model_validate(plan)
    apply(client, [experiment, experiment.model_copy(update={"name": "other"})])
    yield Told(clickhouse, _tell(clickhouse, experiment), experiment)
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def _tell(clickhouse: ClickHouseSettings, experiment: Experiment) -> list[Person]:
    """Write what people did, every event twice, and return it."""
    chance, now = random.Random(3), time.time() + 60
    people, rows = [], defaultdict[str, list[list[Any]]](list)
    for number in range(1, PEOPLE + 1):
        visitors = [number, PEOPLE + number] if number % 10 == 0 else [number]
        seen = [assign(experiment, visitor=str(UUID(int=each))) or "" for each in visitors]
        buys = chance.random() < 0.1 * (UPLIFT if seen[0] == "knn" else 1)
        device = chance.choice(["mobile", "desktop", "bot"])
        paid = [round(chance.uniform(5, 50), 2) for _ in range(chance.randrange(1, 3))] if buys else []
        person = Person(visitors, seen[0], device, len(set(seen)) > 1, chance.random() < 0.3, paid)
        people.append(person)
        for place, (visitor, variant) in enumerate(zip(visitors, seen, strict=True)):
            _view(rows, visitor, variant, now + place, device)
        _buy(rows, person, now)
        if person.clicked:
            rows["events"].append(_event(visitors[0], "recommendation_clicked", now + 5, '{"product_id":"1"}'))
        elif number % 3 == 0:  # of another experiment on the same page
            told = '{"product_id":"1","experiment":"other"}'
            rows["events"].append(_event(visitors[0], "recommendation_clicked", now + 5, told))
        if len(visitors) > 1:
            known = str(UUID(int=10**9 + number))
            for each in visitors:
                rows["identity_overrides"].append(["demo", str(UUID(int=each)), [0], ["c"], [known], 1])
    inserter = Inserter(clickhouse)
    columns = {"events": EVENTS, "orders": ORDERS, "identity_overrides": OVERRIDES, "sessions": SESSIONS}
    for table, written in rows.items():
        for _ in range(2):
            inserter.raw(table, columns[table], written)
    inserter.close()
    return people


def _view(rows: dict[str, list[list[Any]]], visitor: int, variant: str, at: float, device: str) -> None:
    told = f'{{"experiment":"home","variant":"{variant}"}}'
    rows["events"].append(_event(visitor, "experiment_viewed", at, told))
    rows["events"].append(_event(visitor, "experiment_viewed", at, told.replace("home", "other")))
    rows["sessions"].append(["demo", str(UUID(int=visitor)), str(UUID(int=visitor)), at, at, device, "[/b]", 1])


def _event(visitor: int, name: str, at: float, properties: str) -> list[Any]:
    who = str(UUID(int=visitor))
    return ["demo", f"{name}-{visitor}-{properties}", name, "custom", at, at, who, who, who, properties, 1]


def _buy(rows: dict[str, list[list[Any]]], person: Person, now: float) -> None:
    """Order on the last browser; beside it what must not count: taken back, before, in another currency."""
    visitor = str(UUID(int=person.visitors[-1]))
    told = [("paid", now + 10, paid, "EUR") for paid in person.paid]
    if person.visitors[0] % 7 == 0:
        told += [("refunded", now + 10, 99.0, "EUR"), ("paid", now - 10, 99.0, "EUR")]
    if pays_in_two(person):
        told.append(("paid", now + 11, 77.0, "USD"))
    for status, at, value, currency in told:
        row = ["demo", f"o{len(rows['orders'])}", status, at, visitor, value, currency, {}, 1]
        if status == "paid" and value != 99.0 and len(rows["orders"]) % 5 == 0:
            row[2], row[5], row[7] = "partially_refunded", value + 7.5, {"refunded": 7.5}
        rows["orders"].append(row)


def pays_in_two(person: Person) -> bool:
    return bool(person.paid) and person.visitors[0] % 4 == 0


def test_results_are_what_plain_python_counts(told: Told) -> None:
    (reading,) = read("home", "demo", clickhouse=told.clickhouse)
    arms = {arm.variant: arm for arm in reading.arms}

    for variant in ("popular", "knn"):
        mine = [each for each in told.people if each.variant == variant and each.device != "bot"]
        paid = [sum(each.paid) for each in mine]
        mean = sum(paid) / len(paid)
        variance = sum((each - mean) ** 2 for each in paid) / (len(paid) - 1)
        assert arms[variant].converted == (sum(bool(each.paid) for each in mine), len(mine))
        assert arms[variant].clicked == (sum(each.clicked for each in mine), len(mine))
        assert arms[variant].mixed == sum(each.mixed for each in mine)
        assert arms[variant].revenue == pytest.approx((mean, variance, len(mine)))
    assert sum(arm.mixed for arm in reading.arms) > 100
    assert reading.currency == "EUR"
    assert reading.foreign_orders == sum(pays_in_two(each) for each in told.people if each.device != "bot") > 10


def test_revenue_is_told_in_the_currency_asked_for(told: Told) -> None:
    mine = [each for each in told.people if each.device != "bot"]
    for currency, paid in (("USD", 77.0 * sum(map(pays_in_two, mine))), ("CHF", 0.0)):
        answer = query("experiment_results", told.clickhouse, shop="demo", experiment="home", currency=currency)
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

        assert {row["revenue_currency"] for row in rows} == {currency}
        assert sum(row["revenue_mean"] * row["people"] for row in rows) == pytest.approx(paid, abs=0.1)


def test_the_planted_uplift_is_found_and_the_counts_fit(told: Told) -> None:
    (reading,) = read("home", "demo", clickhouse=told.clickhouse)
    (comparison,) = reading.comparisons
    low, high = comparison.conversion.interval

    assert low < 0.1 * (UPLIFT - 1) < high
    assert comparison.conversion.p < 0.001
    assert comparison.better > 0.999
    assert comparison.revenue.value > 0
    assert comparison.revenue.p < 0.05
    assert reading.ratio_chance > 0.001
    assert reading.verdict.startswith("decided at any time of reading: knn converts more")


def test_segments_divide_the_people(told: Told) -> None:
    readings = {each.segment: each for each in read("home", "demo", "device", clickhouse=told.clickhouse)}

    assert readings.keys() == {"mobile", "desktop"}
    for device, reading in readings.items():
        people = [each for each in told.people if each.device == device]
        assert sum(arm.converted.trials for arm in reading.arms) == len(people)
    assert {each.segment for each in read("home", "demo", "returning", clickhouse=told.clickhouse)} <= {
        "new",
        "returning",
    }


def test_weights_the_storefront_did_not_keep_to_are_an_alarm(told: Told) -> None:
    client = connect(told.clickhouse)
    skewed = [{"name": "popular", "weight": 0.56}, {"name": "knn", "weight": 0.44}]
    plan = {"shop": "demo", "name": "skewed", "variants": skewed}
    apply(client, [Experiment.model_validate(plan)])
    client.command(
        "INSERT INTO events (shop_id, event_id, name, occurred_at, received_at, visitor_id, session_id, person_id_then,"
        " properties, version) SELECT shop_id, 's' || event_id, name, occurred_at, received_at, visitor_id, session_id,"
        " person_id_then, replace(properties, 'home', 'skewed'), 1 FROM events WHERE name = 'experiment_viewed'"
        " AND properties LIKE '%home%'"
    )
    client.close()
    (reading,) = read("skewed", "demo", clickhouse=told.clickhouse)

    assert reading.ratio_chance < 0.001
    assert reading.verdict.startswith("broken: ")


def test_clickhouse_computes_the_same_assignment(told: Told) -> None:
    client = connect(told.clickhouse)
    visitors = [str(UUID(int=number)) for number in range(200)]
    rows = client.query(
        "SELECT reinterpretAsUInt64(reverse(substring(SHA256(arrayStringConcat("
        "['demo', 'home', '', 'variant', unit], char(31))), 1, 8))) / pow(2, 64)"
        " FROM (SELECT arrayJoin({units:Array(String)}) AS unit)",
        {"units": visitors},
    ).result_rows
    client.close()

    assert [row[0] for row in rows] == pytest.approx([share(told.experiment, "variant", each) for each in visitors])


def test_what_is_configured_is_read_back_and_a_running_plan_cannot_change(told: Told) -> None:
    client = connect(told.clickhouse)
    before = next(each for each in configured(client, "demo") if each.name == "other")
    changed = {"shop": "demo", "name": "other", "variants": [{"name": "popular"}, {"name": "knn", "weight": 2}]}

    assert before.variants[0].settings == {"strategy": "popular"}
    with pytest.raises(ConfigurationError, match="other has begun"):
        apply(client, [Experiment.model_validate(changed)])
    apply(client, [before.model_copy(update={"status": "stopped"})])
    after = next(each for each in configured(client, "demo") if each.name == "other")
    client.close()
    assert (after.status, after.started_at) == ("stopped", before.started_at)
    assert after.ended_at is not None


def test_the_command_applies_assigns_and_reads(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_URL", told.clickhouse.url.get_secret_value())
    settings.cache_clear()
    file = tmp_path / "experiments.yaml"
    file.write_text("experiments:\n  - {shop: demo, name: cart, variants: [{name: a}, {name: b}]}\n")
    run = CliRunner().invoke
    applied = run(storestream, ["experiments", "apply", str(file)])
    listed = run(storestream, ["experiments", "list", "--shop", "demo"])
    assigned = run(storestream, ["experiments", "assign", "cart", "--shop", "demo", "--visitor", "v1"])
    results = run(storestream, ["experiments", "results", "home", "--shop", "demo"])
    by_source = run(storestream, ["experiments", "results", "home", "--shop", "demo", "--segment", "source"])
    nothing = run(storestream, ["experiments", "results", "cart", "--shop", "demo"])
    settings.cache_clear()

    assert applied.output == "running: cart of demo (a, b)\n"
    assert "popular 50%, knn 50%" in listed.output
    assert assigned.output.strip() in ("a", "b")
    assert "decided at any time of reading" in results.output, results.output
    assert " orders are not in EUR, and not in the revenue\n" in results.output
    assert by_source.output.startswith("source: [/b]\n")
    assert nothing.output == "nobody has seen it yet\n"


async def test_the_route_assigns_like_the_function_and_goes_on_without_clickhouse(told: Told) -> None:
    experiments = Experiments(told.clickhouse, refresh_seconds=0)
    app = FastAPI()
    app.router.routes.extend(routes(experiments))
    path = "/v1/shops/demo/experiments/home/assignment"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        answers = [(await client.get(path, params={"visitor": f"v{number}"})).json() for number in range(20)]
        kept = await client.get(path, params={"visitor": "v1", "person": "ada", "kept": answers[0]["variant"]})
        experiments._clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": "http://127.0.0.1:1/nothing"})
        later = await client.get(path, params={"visitor": "v3"})
        missing = await client.get(path.replace("home", "nothing"), params={"visitor": "v1"})
        nobody = await client.get(path)
        wrong = await client.get(path, params={"visitor": "v1", "client": "1"})
        described = (await client.get("/openapi.json")).json()["paths"].popitem()[1]["get"]["parameters"]

    assert [each["variant"] for each in answers] == [
        assign(told.experiment, visitor=f"v{number}") for number in range(20)
    ]
    assert {each["variant"]: each["settings"] for each in answers} == {"popular": {"strategy": "popular"}, "knn": {}}
    assert kept.json()["variant"] == answers[0]["variant"]
    assert kept.headers["cache-control"] == "private, no-store"
    assert later.json() == answers[3]
    assert missing.status_code == 404
    assert (nobody.status_code, nobody.json()["fields"]) == (422, ["person", "visitor"])
    assert (wrong.status_code, wrong.json()["fields"]) == (422, ["client"])
    assert {each["name"] for each in described} >= {"shop", "name", "person", "visitor", "kept"}
