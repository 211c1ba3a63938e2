"""Recommendations from events to the answer, beside plain Python over the same visits, on a real ClickHouse."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations, pairwise
from math import sqrt
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from click.testing import CliRunner
from fastapi import FastAPI

from analytics.migrate import migrate
from analytics.questions import query
from analytics.recommending.building import build
from analytics.recommending.models import BASKETS, COUNTED
from analytics.recommending.profiles import refresh_profiles
from analytics.recommending.routes import routes
from analytics.recommending.serving import Query, Recommender
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from deploy.cli import storestream
from schemas.settings import ClickHouseSettings, settings
from tests.integration.visits_to_learn_from import DAY, GOODS, LEVELS, PRODUCTS, Visit, category_of, some_visits, write

pytestmark = pytest.mark.integration


class Told(NamedTuple):
    clickhouse: ClickHouseSettings
    visits: list[Visit]
    until: datetime


@pytest.fixture(scope="module")
def told(clickhouse_url: str) -> Iterator[Told]:
    url = f"{clickhouse_url.rstrip('/')}/recommendations_{uuid4().hex[:8]}"
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(clickhouse)
    until = datetime.now(UTC)
    visits = some_visits(until.timestamp())
    write(clickhouse, "demo", visits)
    build(clickhouse, "demo", until=until)
    yield Told(clickhouse, visits, until)
    client = connect(clickhouse)
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def ask(told: Told, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
    client = connect(told.clickhouse)
    rows: list[tuple[Any, ...]] = client.query(sql, parameters).result_rows
    client.close()
    return rows


def people(told: Told) -> list[Visit]:
    return [each for each in told.visits if each.device != "bot" and len(each.products) <= BASKETS["viewed"].most_views]


def last_views(visit: Visit) -> list[str]:
    products = visit.products[-BASKETS["viewed"].most_products :]
    return [each for place, each in enumerate(products) if place == 0 or each != products[place - 1]]


@pytest.mark.parametrize("model", ["viewed_together", "bought_together", "item_knn"])
def test_pairs_have_the_measures_plain_python_gives_them(told: Told, model: Any) -> None:
    viewed = [set(last_views(each)) for each in people(told)]
    bought = [set(each.bought) for each in told.visits if each.bought and not each.cancelled]
    wanted = [set(each.products) | set(each.bought) for each in told.visits if each.device != "bot"]
    baskets = {"viewed_together": viewed, "bought_together": bought, "item_knn": wanted}[model]
    rules = COUNTED[model].parameters
    held = Counter(product for basket in baskets for product in basket)
    kept = {product for product, count in held.items() if count >= rules["least_baskets"]}
    together, weight = Counter[tuple[str, str]](), defaultdict[tuple[str, str], float](float)
    for basket in baskets:
        for pair in combinations(sorted(basket & kept), 2):
            together[pair] += 1
            weight[pair] += len(basket & kept) ** -rules["by_size"]
    expected: dict[tuple[str, str], tuple[float, ...]] = {}
    for (one, other), count in together.items():
        lift = count * len(baskets) / held[one] / held[other]
        if count >= rules["least_together"] and lift >= rules["least_lift"]:
            for a, b in ((one, other), (other, one)):
                divisor = held[a] ** rules["context_power"] * held[b] ** rules["other_power"] + rules["shrinkage"]
                measures = count / len(baskets), count / held[a], lift, count / sqrt(held[a] * held[b])
                expected[a, b] = (count, weight[one, other] / divisor, *measures)
    rows = ask(
        told,
        "SELECT context, product_id, together, score, support, confidence, lift, cosine, `rank`"
        " FROM recommendations_now WHERE shop_id = 'demo' AND model = {model:String}",
        model=model,
    )

    assert {row[:2] for row in rows} == expected.keys()
    assert len(rows) == len(expected) > 40
    for context, product, *found, rank in rows:
        assert tuple(found) == pytest.approx(expected[context, product])
        better = [key for key, each in expected.items() if key[0] == context and each[1] > found[1] + 1e-12]
        assert len(better) <= rank - 1


def test_the_question_of_pairs_shows_each_once_the_most_frequent_first(told: Told) -> None:
    orders = [set(each.bought) for each in told.visits if each.bought and not each.cancelled]
    held, together = Counter[str](), Counter[frozenset[str]]()
    for order in orders:
        held.update(order)
        together.update(map(frozenset, combinations(order, 2)))
    answer = query("bought_together", told.clickhouse, shop="demo", top=10_000)
    found = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    assert len(found) == len({frozenset((row["product_id"], row["other_id"])) for row in found}) > 10
    assert [row["orders_with_both"] for row in found] == sorted(
        (row["orders_with_both"] for row in found), reverse=True
    )
    for row in found:
        one, other = row["product_id"], row["other_id"]
        both = together[frozenset((one, other))]
        assert row["orders_with_both"] == both >= 2
        # No catalog knows them: orders do.
        assert (row["product_title"], row["other_title"]) == (f"Title {one}", f"Title {other}")
        assert row["lift_over_chance"] == pytest.approx(both * len(orders) / held[one] / held[other], abs=0.006)
        assert row["of_orders_with_product"] == pytest.approx(both / held[one], abs=1e-4)
    (pair, *_) = query("bought_together", told.clickhouse, shop="demo", product=found[0]["other_id"]).rows
    assert pair[:4] == answer.rows[0][:4]


def test_the_next_product_follows_the_moves_of_visits(told: Told) -> None:
    moves = Counter(move for each in people(told) for views in [last_views(each)] for move in pairwise(views))
    away = Counter[str]()
    for (origin, _), count in moves.items():
        away[origin] += count
    rows = ask(
        told,
        "SELECT context, product_id, together, score FROM recommendations_now"
        " WHERE shop_id = 'demo' AND model = 'next_item'",
    )

    assert {row[:2]: row[2] for row in rows} == {move: count for move, count in moves.items() if count >= 2}
    for origin, _, count, score in rows:
        assert score == pytest.approx(count / (away[origin] + COUNTED["next_item"].parameters["shrinkage"]))


def test_what_is_popular_fades_and_counts_once_a_visit(told: Told) -> None:
    rules, until = COUNTED["popular"].parameters, told.until.timestamp()
    score, by_category = Counter[str](), Counter[tuple[str, str]]()

    def want(product: str, at: float, weight: float) -> None:
        if at >= until - rules["days"] * DAY:
            faded = weight * 2 ** (-(until - at) / 3600 / rules["half_life_hours"])
            score[product] += faded  # type: ignore[assignment]
            by_category[category_of(product), product] += faded  # type: ignore[assignment]

    for visit in (each for each in told.visits if each.device != "bot"):
        seen_at = {product: visit.at + place // 2 for place, product in enumerate(visit.products)}
        for product, at in seen_at.items():
            want(product, at, 1.0)
        for product in visit.bought:
            want(product, visit.at + 600, 10.0)
    sql = (
        "SELECT context, product_id, score FROM recommendations_now"
        " WHERE shop_id = 'demo' AND model = {model:String} ORDER BY context, `rank`"
    )
    popular, in_category = ask(told, sql, model="popular"), ask(told, sql, model="popular_in_category")

    assert {product: each for _, product, each in popular} == pytest.approx(dict(score), rel=1e-4)
    assert [each for *_, each in popular] == sorted((each for *_, each in popular), reverse=True)
    assert {row[:2]: row[2] for row in in_category} == pytest.approx(dict(by_category), rel=1e-4)


def test_a_build_changes_readers_over_at_once_and_keeps_one_generation_back(told: Told) -> None:
    shop = "switching"
    write(told.clickhouse, shop, told.visits[:200])
    recommender = Recommender(told.clickhouse, refresh_seconds=3600)
    ours = Query(shop, product="p03", n=3)
    generations, answers = [], []
    for _ in range(3):
        generations.append(build(told.clickhouse, shop)[0].generation)
        answers.append(recommender.recommend(ours))
        write(told.clickhouse, shop, [each._replace(number=each.number + 1_000 * len(answers)) for each in told.visits])
    stale = recommender.recommend(ours)
    recommender.refresh(shop)
    fresh = recommender.recommend(ours)
    recommender.close()
    kept = ask(
        told, "SELECT DISTINCT generation FROM recommendations WHERE shop_id = {shop:String} ORDER BY 1", shop=shop
    )
    current = ask(told, "SELECT DISTINCT generation FROM recommendations_now WHERE shop_id = {shop:String}", shop=shop)

    assert [row[0] for row in kept] == generations[1:]
    assert [row[0] for row in current] == generations[2:]
    assert answers[0] == stale
    assert [each.score for each in fresh] != [each.score for each in stale]
    only = build(told.clickhouse, shop, ["popular"])
    assert [each.model for each in only] == ["popular"]
    assert len(ask(told, "SELECT DISTINCT generation FROM recommendations_now WHERE shop_id = 'switching'")) == 2


def test_only_what_is_for_sale_and_not_bought_is_shown_and_there_is_always_an_answer(told: Told) -> None:
    shop, now = "stocked", time.time()
    write(told.clickhouse, shop, told.visits)
    products = [[shop, each, each, now, now, "upsert", "active", category_of(each), "", None] for each in GOODS]
    products[1][6] = "draft"
    products[2][8:] = ["i2", 5]
    products[3][9] = 0
    products[4] = [shop, GOODS[4], "", now, now, "delete", "", "", "", None]
    products.append([shop, "brand-new", "v", now, now, "upsert", "active", "c9", "", 3])
    inserter = Inserter(told.clickhouse)
    inserter.raw("products", PRODUCTS, products)
    levels = [
        [shop, "i2", place, now - age, now, level] for place, age, level in (("a", 5, 7), ("a", 1, 0), ("b", 1, 0))
    ]
    inserter.raw("inventory_levels", LEVELS, levels)
    inserter.close()
    build(told.clickhouse, shop)
    refresh_profiles(told.clickhouse, shop)
    buyer = next(each for each in told.visits if each.bought and not each.cancelled and each.device != "bot")
    person = str(UUID(int=buyer.number))
    recommender = Recommender(told.clickhouse)
    everything = recommender.recommend(Query(shop, product="p05", n=100))
    for_buyer = recommender.recommend(Query(shop, person=person, placement="home", n=100))
    visiting = recommender.recommend(Query(shop, session=person, placement="home", n=5))
    stranger = recommender.recommend(Query(shop, product="never-heard-of", n=2))
    nothing = recommender.recommend(Query("no-such-shop", product="p05"))
    recommender.close()

    assert {each.product_id for each in everything} == {*GOODS[:1], *GOODS[6:], "brand-new"}
    assert everything[0].reason == "viewed together with p05"
    assert everything[-1].reason == "new in the catalog"
    assert not {each.product_id for each in for_buyer} & set(buyer.bought)
    assert len(for_buyer) > 10
    assert {each.model for each in stranger} == {"popular"}
    assert len(visiting) == 5
    assert nothing == []


async def test_the_route_answers_with_reasons_and_says_what_is_wrong_with_a_question(told: Told) -> None:
    recommender = Recommender(told.clickhouse)
    app = FastAPI()
    app.router.routes.extend(routes(recommender))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        good = await client.get("/v1/shops/demo/recommendations?product=p03&placement=product&n=2")
        first = await client.get("/v1/shops/demo/recommendations?product=p03&n=1&strategy=popular")
        bad = await client.get("/v1/shops/demo/recommendations?session=ada@example.com&n=0&what=1")
        described = (await client.get("/openapi.json")).json()["paths"]["/v1/shops/{shop}/recommendations"]["get"]
    recommender.close()

    answer = good.json()
    assert good.status_code == 200
    assert good.headers["cache-control"] == "private, no-store"
    assert [each["model"] for each in answer["products"]] == ["viewed_together"] * 2
    assert answer["products"][0]["because"] == ["p03"]
    assert answer["products"][0]["reason"] == "viewed together with p03"
    assert [each["model"] for each in first.json()["products"]] == ["popular"]
    assert bad.status_code == 422
    assert bad.json() == {"error": "bad_value", "fields": ["n", "session", "what"]}
    named = {each["name"]: each for each in described["parameters"]}
    assert named.keys() == {"shop", "product", "session", "person", "placement", "n", "strategy"}
    assert named["n"]["schema"]["maximum"] == 100
    assert named["placement"]["schema"]["enum"] == ["product", "cart", "home", "next"]


def test_the_commands_build_refresh_and_show(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_URL", told.clickhouse.url.get_secret_value())
    settings.cache_clear()
    run = CliRunner().invoke
    built = run(storestream, ["recommendations", "build", "--shop", "demo", "--model", "popular"])
    profiles = run(storestream, ["recommendations", "profiles", "--shop", "demo", "--everybody"])
    shown = run(storestream, ["recommendations", "show", "--shop", "demo", "--product", "p03", "-n", "3"])
    nothing = run(storestream, ["recommendations", "show", "--shop", "nobody"])
    nobodys = run(storestream, ["recommendations", "build", "--shop", "nobody", "--model", "popular"])
    wrong = run(storestream, ["recommendations", "show", "--shop", "demo", "--session", "x"])
    settings.cache_clear()

    assert built.output.split()[:4] == ["model", "rows", "seconds", "popular"], built.output
    assert profiles.output.startswith(f"{len({each.number for each in told.visits})} profiles in ")
    assert shown.output.split()[:5] == ["product", "title", "score", "model", "reason"]
    assert shown.output.count("viewed together with Title p03") == 3
    assert nothing.output.startswith("nothing to recommend at nobody")
    assert nobodys.output.endswith("nothing to recommend: ClickHouse knows too little of nobody\n")
    assert (wrong.exit_code, "UUIDs" in wrong.output) == (2, True)
