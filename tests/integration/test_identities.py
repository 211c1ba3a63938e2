"""Who is who in ClickHouse, beside the stitcher's own word: persons, why, unlink and squash, as commands tell it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from click.testing import CliRunner, Result

from analytics.migrate import migrate
from analytics.squashing import squash
from connectors.clickhouse.client import connect
from connectors.kafka.partitioning import partition_of
from deploy.cli import storestream
from deploy.processes.api import build
from schemas.identifiers import person_id
from schemas.records import Link
from schemas.settings import ApiSettings, ClickHouseSettings, KafkaSettings, settings
from tests.builders import NOON
from tests.integration.journeys import DAY, KIOSK, TABLET, Shop, a_shop_of_journeys
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.stitched import CODEC

pytestmark = pytest.mark.integration


@pytest.fixture
def shop(clickhouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    url = f"{clickhouse_url.rstrip('/')}/identities_{uuid4().hex[:8]}"
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    monkeypatch.setenv("CLICKHOUSE_URL", url)
    settings.cache_clear()
    migrate(clickhouse)
    yield a_shop_of_journeys(clickhouse)
    with closing(connect(clickhouse)) as client:
        client.command(f"DROP DATABASE {client.database}")
    settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(storestream, ["identities", *arguments])


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def moment(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)


def expected_persons(shop: Shop) -> dict[str, tuple[int, int, datetime, datetime]]:
    """Browsers, events, first and last time of each person, in plain Python, by the stitcher's word."""
    whose, found = shop.pipeline.persons(), defaultdict(list)
    for event in {each["event"]["event_id"]: each["event"] for each in shop.pipeline.events}.values():
        alone = event["client_id"].startswith("order:")
        who = person_id("demo", str(event["customer_id"])) if alone else whose[event["event_id"]]
        found[who].append(event)
    return {
        who: (
            len({event["client_id"] for event in events if not event["client_id"].startswith("order:")}),
            len(events),
            moment(min(each["occurred_at"] for each in events)),
            moment(max(each["occurred_at"] for each in events)),
        )
        for who, events in found.items()
    }


def test_persons_are_those_of_the_stitcher_with_their_customers_orders_and_money(shop: Shop) -> None:
    columns = "toString(person_id), visitors, events, first_seen_at, last_seen_at"
    rows = shop.ask(f"SELECT {columns} FROM persons WHERE events > 0")
    bought = shop.ask("SELECT customer_id, orders, revenue FROM persons WHERE customer_id != '' ORDER BY customer_id")

    assert {row[0]: (row[1], row[2], *(at.replace(tzinfo=UTC) for at in row[3:])) for row in rows} == expected_persons(
        shop
    )
    assert bought == [("ada", 1, {"EUR": Decimal("42.99")}), ("bob", 0, {}), ("cy", 1, {"USD": Decimal("5.25")})]
    assert shop.whose()["e3"] == shop.whose()["e1"] == person_id("demo", "ada")
    assert shop.whose()["e6"] == TABLET
    assert shop.whose()["e7"] == KIOSK


@pytest.mark.parametrize("asked", [person_id("demo", "ada"), "ada"])
def test_why_tells_the_same_story_by_person_and_by_customer(shop: Shop, asked: str) -> None:
    told = said("why", asked)

    assert f"Customer ada is person {person_id('demo', 'ada')}. 3 browsers are linked to it" in told
    assert "event e2 (product_viewed /products/bracelet) named customer ada" in told
    assert "order o1 of customer ada was made in checkout tok-1, which this browser had used" in told
    assert "shared, so only visits with evidence are anybody's" in told
    assert "bob" not in told.replace("2026", "").partition("shared")[0]
    assert "kiosk" not in told
    assert shop.ask("SELECT count() FROM identity_log FINAL") != [(0,)]


def test_why_takes_visitors_clients_visits_checkouts_carts_and_orders_too(shop: Shop) -> None:
    assert "nothing has linked it to a customer yet" in said("why", KIOSK)
    assert "Customer ada" in said("why", "tablet")
    assert "Customer bob" in said("why", "tablet")
    assert "phone" in said("why", "tok-1")
    assert "It belongs to the visit of 2026-10-26 07:34:20 (from mail, campaign autumn) of browser phone" in said(
        "why", "o1"
    )
    assert "No visit is known that used its checkout" in said("why", "o3")
    assert "Customer cy" in said("why", "o3")
    assert "cart-9 is a cart" in said("why", "cart-9")
    assert "used cart cart-9" in said("why", "cart:cart-9")
    ((visit,),) = shop.ask("SELECT toString(session_id) FROM orders FINAL WHERE order_id = 'o1'")
    assert f"{visit} is a visit of shop demo. Order o1 of" in said("why", visit)
    assert said("why", "order:o1") == said("why", "o1")
    for asked, told in (("who-is-this", "nothing is known by who-is-this"), ("", "name an id")):
        nobody = run("why", asked)
        assert nobody.exit_code == 1
        assert told in str(nobody.exception)


def test_the_page_about_identity_shows_what_the_command_says(shop: Shop) -> None:
    page = (Path(__file__).parents[2] / "docs" / "identity.md").read_text()
    shown = page.partition("    $ storestream identities why o1\n")[2].partition("\n\nLine by line")[0]

    assert shown.split() == said("why", "o1").split()
    visit, evidence = (
        shop.ask("SELECT " + each.partition(";")[0])
        for each in page.partition("Why order `o1`")[2].partition("The table")[0].split("SELECT ")[1:]
    )
    assert [(*row[:2], *row[3:]) for row in visit] == [("matched", "phone", "mail", "autumn")]
    assert {row[1] for row in evidence} >= {"checkout", "checkout_completed", "order"}


@pytest.mark.usefixtures("shop")
def test_the_log_lists_the_newest_evidence_of_a_browser_or_customer() -> None:
    assert "login" in said("log", "--shop", "demo", "--customer", "bob")
    assert "tok-1" not in said("log", "--shop", "demo", "--visitor", TABLET)
    assert "no evidence at other" in said("log", "--shop", "other")


@pytest.mark.usefixtures("shop")
def test_an_unlink_shows_first_what_it_would_change_and_refuses_what_was_never_linked() -> None:
    told = said("unlink", "--shop", "demo", "--client", "tablet", "--customer", "bob", "--dry-run")
    never = run("unlink", "--shop", "demo", "--visitor", KIOSK, "--customer", "ada")
    both = run("unlink", "--shop", "demo", "--visitor", KIOSK, "--client", "kiosk", "--customer", "ada")

    assert "browser tablet, customer bob: 1 times seen" in told
    assert "events that are this customer's: 1, visits: 1" in told
    assert "without it, the whole browser would be customer ada's" in told
    assert "nothing was changed" in told
    assert never.exit_code == 1
    assert f"no evidence links {KIOSK} to customer ada" in never.output
    assert both.exit_code == 2
    assert run("unlink", "--shop", "demo", "--visitor", "tablet", "--customer", "ada").exit_code == 2


def test_an_unlink_takes_persons_apart_and_why_tells_of_it(
    shop: Shop, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = asyncio.run(topics_of_our_own(kafka_bootstrap, monkeypatch))

    told = said("unlink", "--shop", "demo", "--visitor", TABLET, "--customer", "bob", "--reason", "mistake")
    key, link = asyncio.run(written(kafka, partition_of("demo", TABLET, 4)))
    shop.pipeline.publish_link(link)
    shop.stitch()
    shop.archive()

    assert link["link_id"] in told
    assert (key, link["action"], link["reason"]) == (f"demo|{TABLET}".encode(), "unlink", "mistake")
    assert link["event_id"] in {each["link_id"] for each in shop.pipeline.links if each["customer_id"] == "bob"}
    assert {shop.whose()[each] for each in ("e4", "e5", "e6")} == {person_id("demo", "ada")}
    story = said("why", "tablet")
    assert "unlinked (mistake)" in story
    assert "named customer bob [taken back" in story
    again = run("unlink", "--shop", "demo", "--visitor", TABLET, "--customer", "bob")
    assert again.exit_code == 1
    assert "the evidence was taken back already" in again.output


async def topics_of_our_own(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    kafka = own_kafka(kafka_bootstrap, partitions=4)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", kafka.prefix)
    monkeypatch.setenv("STORESTREAM_PARTITIONS", "4")
    settings.cache_clear()
    await make_topics(kafka)
    return kafka


async def test_the_api_tells_why_and_unlinks_like_the_command(
    shop: Shop, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = await topics_of_our_own(kafka_bootstrap, monkeypatch)
    monkeypatch.setenv("ADMIN_TOKEN", "admin-token-0123456789")
    app = build(ApiSettings(tokens="demo:admin=ADMIN_TOKEN"), shop.clickhouse)
    asked = {"client": "tablet", "customer": "bob", "reason": "mistake"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://api.example/v1/shops/demo/identities/",
        headers={"Authorization": "Bearer admin-token-0123456789"},
    ) as api:
        assert (await api.get("")).status_code == 404
        unknown, never = await api.get("nobody"), await api.post("unlink", json=asked | {"client": "kiosk"})
        tried = await api.post("unlink", json=asked | {"dry_run": True})
        done = await api.post("unlink", json=asked)
        key, link = await written(kafka, partition_of("demo", TABLET, 4))
        shop.pipeline.publish_link(link)
        shop.stitch()
        shop.archive()
        why = await api.get("tablet")

    assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown")
    assert (never.status_code, never.json()["error"]) == (404, "not_linked")
    assert (tried.status_code, tried.json()["unlinked"], tried.json()["events"]) == (200, None, 1)
    assert (done.status_code, done.json()["unlinked"]["link_id"]) == (202, link["link_id"])
    assert tried.json()["afterwards"] == "the whole browser would be customer ada's"
    assert (key, link["action"], link["reason"]) == (f"demo|{TABLET}".encode(), "unlink", "mistake")
    assert (why.status_code, why.json()["known_as"]) == (200, "client")
    assert [each["timeline"] for each in why.json()["browsers"] if each["client_id"] == "tablet"] == [
        [{"from": "1970-01-01T00:00:00.000Z", "customer": "ada"}]
    ]
    assert " ".join(" ".join(why.json()["story"]).split()) == said("why", "tablet")


async def written(kafka: KafkaSettings, partition: int) -> tuple[bytes, Link]:
    place = TopicPartition(f"{kafka.prefix}identities.linked", partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([place])
        record = await asyncio.wait_for(consumer.getone(), 30)
        return record.key, CODEC.decode(record.value)
    finally:
        await consumer.stop()


def test_a_squash_writes_whose_events_are_only_where_days_are_over_and_only_once(shop: Shop) -> None:
    today, before = shop.whose(), shop.whose("events FINAL", "person_id_then")
    day = moment(NOON + DAY).date()
    first, again = squash("demo", day, shop.clickhouse), squash("demo", day, shop.clickhouse)
    some = shop.whose("events FINAL", "person_id_then")
    told = said("squash", "--shop", "demo", "--before", "2027-01-01")

    wrong = {event for event in today if today[event] != before[event]}
    assert "e1" in wrong
    assert (first.events >= 1, again) == (True, (0, 0))
    assert some["e1"] == today["e1"]
    assert "from before 2027-01-01 written" in told
    assert shop.whose("events FINAL", "person_id_then") == today == shop.whose()
