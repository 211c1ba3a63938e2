"""`storestream catalogs` on real Kafka and ClickHouse: how catalogs stand, and where a request for one goes."""

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from click.testing import CliRunner

from analytics.catalog_states import states
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from connectors.kafka import shops
from connectors.kafka.partitioning import partition_of
from deploy.cli import storestream
from deploy.processes.api import build
from schemas.catalog import CatalogFile
from schemas.catalog_records import SyncRequest
from schemas.codec import Codec
from schemas.records import Shop
from schemas.settings import ApiSettings, ClickHouseSettings, KafkaSettings, settings
from tests.builders import a_shop
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.integration.weeks_database import empty_database
from tests.synced import a_product_receipt, a_sync_job, an_alert

pytestmark = pytest.mark.integration

NOW = int(time.time() * 1000)
CODEC = Codec.from_lock()


def a_shop_with(*names: str) -> Shop:
    made = [CatalogFile(name=each, catalog_id=str(n + 1), token_env="T") for n, each in enumerate(names)]
    return a_shop(catalogs=[each.to_record(primary=each is made[0]) for each in made])


RECEIPTS = [
    a_product_receipt(item_id="i1", changed_at=NOW, sent_at=NOW, finished_at=NOW),
    a_product_receipt(item_id="i2", status="pending", changed_at=NOW, sent_at=NOW - 300_000, finished_at=None),
    a_product_receipt(item_id="i3", status="pending", changed_at=NOW, sent_at=NOW - 1_000, finished_at=None),
    *(
        a_product_receipt(item_id="i4", status="rejected", failures=n, message="No image", finished_at=NOW + n)
        for n in (1, 2, 3)
    ),
    a_product_receipt(item_id="i3", changed_at=NOW, sent_at=NOW - 1_000, finished_at=NOW),
]
JOBS = [
    a_sync_job(job_id="j0", state="failed", failure="no_access", started_at=NOW - 90_000, finished_at=NOW - 80_000),
    a_sync_job(
        job_id="j1",
        state="running",
        started_at=NOW - 60_000,
        updated_at=NOW - 50_000,
        finished_at=None,
        next_at=NOW + 86_400_000,
        done=7,
        total=20,
        trigger="command",
    ),
]
ALERTS = [
    an_alert(alert_id=str(at), kind="catalog_stopped", subject=name, message=why, raised_at=at)
    for name, why, at in (("main", "mended since", NOW - 1), ("other", "first", NOW - 9), ("other", "no token", NOW))
]


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    with empty_database(clickhouse_url) as made:
        inserter = Inserter(made)
        for topic, table, records in (
            ("products.synced", "product_syncs", RECEIPTS),
            ("catalogs.synced", "sync_jobs", JOBS),
            ("alerts.raised", "alerts", ALERTS),
        ):
            rows = [row for offset, each in enumerate(records) for row in rows_of(topic, each, 0, offset)[table]]
            inserter.insert(table, rows, "1")
        inserter.close()
        yield made


@pytest.fixture(scope="module")
def kafka(kafka_bootstrap: str) -> KafkaSettings:
    own = own_kafka(kafka_bootstrap)

    async def configure() -> None:
        await make_topics(own)
        await shops.publish(own, CODEC, [a_shop_with("main", "other")])

    asyncio.run(configure())
    return own


@pytest.fixture
def run(kafka: KafkaSettings, clickhouse: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", kafka.prefix)
    monkeypatch.setenv("STORESTREAM_PARTITIONS", str(kafka.partitions))
    monkeypatch.setenv("CLICKHOUSE_URL", clickhouse.url.get_secret_value())
    settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(storestream, ["catalogs", *arguments])
    settings.cache_clear()


async def requests_at(kafka: KafkaSettings, partition: int) -> list[SyncRequest]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        place = TopicPartition(f"{kafka.prefix}catalogs.requested", partition)
        consumer.assign([place])
        fetched = await consumer.getmany(timeout_ms=2_000)
        return [CODEC.decode(each.value) for each in fetched[place]]
    finally:
        await consumer.stop()


def test_status_tells_of_items_runs_and_what_waits(run: Any) -> None:
    told = run("status", "--shop", "demo").output

    assert "main (1, by api, primary)" in told
    assert "2 accepted, 1 pending, 1 rejected" in told
    assert "1 three times in a row" in told
    assert re.search(r"since \d+ minutes ago", told)
    assert "full (command) running, 7 of 20, 3 calls, 10.0 s, 7 % of Meta's quota used" in told
    main, other = told.split("other (2")
    assert "stopped" not in main, "Meta has answered since"
    assert "none sent yet" in other
    assert re.search(r"stopped +\d+ seconds ago: no token", other)
    assert "no catalog third" in run("status", "--shop", "demo", "--catalog", "third").output


def test_a_state_knows_the_next_run_by_the_last_word_of_it(clickhouse: ClickHouseSettings) -> None:
    main, other = states(a_shop_with("main", "other"), clickhouse)

    assert main.next_at == datetime.fromtimestamp((NOW + 86_400_000) / 1000, UTC)
    assert [each.state for each in main.runs] == ["running"]
    assert (other.next_at, other.runs, sum(other.items.values())) == (None, (), 0)


def test_history_lists_runs_or_what_became_of_one_item(run: Any) -> None:
    runs = run("history", "--shop", "demo").output
    item = run("history", "--shop", "demo", "--item", "i4").output

    assert "no_access" in runs
    assert runs.index("running") < runs.index("failed")
    assert item.count("No image") == 3
    assert "nothing is known of i9" in run("history", "--shop", "demo", "--item", "i9").output


def test_what_is_wanted_of_a_catalog_goes_where_it_is_led(run: Any, kafka: KafkaSettings) -> None:
    for arguments in (["sync"], ["sync", "--reconcile"], ["retry", "--item", "a", "--item", "b"], ["stop"]):
        done = run(*arguments, "--shop", "demo", "--catalog", "other")
        assert done.exit_code == 0, done.output

    asked = asyncio.run(requests_at(kafka, partition_of("demo", "other", kafka.partitions)))

    assert [each["kind"] for each in asked] == ["full", "reconcile", "retry", "stop"]
    assert asked[2]["item_ids"] == ["a", "b"]
    assert {(each["catalog"], each["trigger"]) for each in asked} == {("other", "command")}


async def test_the_api_tells_the_same_and_takes_requests_and_products(
    run: Any, kafka: KafkaSettings, clickhouse: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", "admin-token-0123456789")
    app = build(ApiSettings(tokens="demo:admin=ADMIN_TOKEN"), clickhouse)
    ring = {"title": "Ring", "variants": [{"variant_id": "v1", "price": 9.5}]}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://api.example/v1/shops/demo/",
            headers={"Authorization": "Bearer admin-token-0123456789"},
        ) as api,
    ):
        main = (await api.get("catalogs")).json()["catalogs"][0]
        retried = await api.post("catalogs/main/retry", json={"items": ["i4"]})
        put = await api.put("products/ring", json=ring)
        shown = await api.get("products/ring")

    asked = (await requests_at(kafka, partition_of("demo", "main", kafka.partitions)))[-1]
    assert (main["items"]["rejected"], main["runs"][0]["done"], main["primary"]) == (1, 7, True)
    assert (retried.status_code, asked["trigger"], asked["item_ids"]) == (202, "api", ["i4"])
    assert (put.status_code, shown.json()["occurred_at"]) == (202, put.json()["occurred_at"])


def test_a_catalog_must_be_named_where_there_are_several(run: Any) -> None:
    refused = run("sync", "--shop", "demo")

    assert refused.exit_code == 1
    assert "name one --catalog of demo: main, other" in refused.output
