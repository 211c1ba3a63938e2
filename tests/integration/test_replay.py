"""Tables made anew from Kafka beside the live ones: the same row by row, and nothing lost while the archive goes on."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.clickhouse.rows import COLUMNS
from connectors.kafka.partitioning import partition_of
from deploy.cli import storestream
from deploy.rebuilding import TABLES, Rebuilding
from schemas.errors import ConfigurationError
from schemas.settings import settings
from tests.builders import a_product_change
from tests.integration.test_archive import CODEC, Stage, produce

pytestmark = pytest.mark.integration


@pytest.fixture
def stage(
    kafka_bootstrap: str, clickhouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    made = Stage(kafka_bootstrap, clickhouse_url, tmp_path)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield made
    settings.cache_clear()
    made.client.command(f"DROP DATABASE {made.client.database}")
    made.client.close()


async def storestream_says(*arguments: str) -> str:
    result = await asyncio.to_thread(CliRunner(env=dict(os.environ)).invoke, storestream, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


async def test_tables_made_anew_are_the_live_ones_row_by_row(stage: Stage) -> None:
    await stage.make_topics()
    sent: set[str] = set()
    with stage.start():
        await produce(stage, 60, sent)
        await stage.until("SELECT uniqExact(event_id) FROM events", [(len(sent),)])
        told = await storestream_says("replay", "--topic", "events.enriched", "--dry-run")
        lines = {line.split()[0]: list(map(int, line.split()[1:])) for line in told.splitlines()[1:-1]}

        assert lines["events"] == [60, len(sent), 0, 0]
        assert lines["sessions"] == [60, 60, 0, 0]
        assert "nothing was changed" in told

        # One event is wrong in the live table; and the archive goes on while the tables are made anew.
        stage.client.command(
            "ALTER TABLE events UPDATE url = 'wrong' WHERE kafka_offset < 5 SETTINGS mutations_sync = 2"
        )
        writing = asyncio.create_task(produce(stage, 60, sent))
        told = await storestream_says("replay", "--topic", "events.enriched", "--table", "events")
        await writing
        await stage.until("SELECT uniqExact(event_id) FROM events", [(len(sent),)])

    assert "switched over" in told
    assert stage.ask("SELECT count() FROM events FINAL") == [(len(sent),)]
    assert stage.ask("SELECT count() FROM events WHERE url = 'wrong'") == [(0,)]
    assert stage.ask("SELECT count() FROM system.tables WHERE name LIKE '%__anew'") == [(0,)]


async def test_another_order_key_is_taken_on_without_a_pause(stage: Stage) -> None:
    await stage.make_topics()
    sent: set[str] = set()
    with stage.start():
        await produce(stage, 20, sent)
        await stage.until("SELECT uniqExact(event_id) FROM events", [(len(sent),)])
        key = "shop_id, toDate(occurred_at), name, event_id"
        await storestream_says("replay", "--topic", "events.enriched", "--table", "events", "--order-by", key)
        await produce(stage, 20, sent)
        await stage.until("SELECT uniqExact(event_id) FROM events", [(len(sent),)])

        rebuilding = Rebuilding(stage.kafka, stage.clickhouse, CODEC, "events.enriched")
        with pytest.raises(ConfigurationError, match=f"its {len(sent)} rows would be 1; name all"):
            await rebuilding.run(["events"], None, switch=True, order_by="shop_id, name")

    # A visit that Kafka has no more, and whose visitor's clock was ahead, stays.
    stage.client.command(
        "INSERT INTO sessions (shop_id, session_id, ended_at)"
        " SELECT 'ahead', generateUUIDv4(), now64(3) + toIntervalMinute(5)"
    )
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    await storestream_says("replay", "--topic", "events.enriched", "--table", "sessions", "--since", since)

    assert stage.ask(
        "SELECT sorting_key FROM system.tables WHERE name = 'events' AND database = currentDatabase()"
    ) == [(key,)]
    assert stage.ask("SELECT count() FROM events FINAL") == [(len(sent),)]
    assert stage.ask("SELECT count() FROM sessions FINAL WHERE shop_id = 'ahead'") == [(1,)]


async def test_rows_that_compaction_has_taken_from_kafka_stay(stage: Stage) -> None:
    await stage.make_topics()
    old = a_product_change(product_id="old", received_at=1_700_000_000_000)
    topic = f"{stage.kafka.prefix}products.changed"
    with stage.start():
        async with stage.producer() as producer:
            new = a_product_change(product_id="new")
            place = partition_of("demo", "new", 2)
            await producer.send_and_wait(topic, CODEC.encode("ProductChange", new), b"demo|new", partition=place)
        await stage.until("SELECT product_id FROM products", [("new",)])
    stage.client.command(
        "INSERT INTO products (shop_id, product_id, received_at, changed_at)"
        f" SELECT 'demo', 'old', fromUnixTimestamp64Milli({old['received_at']}), now64(3)"
    )

    await storestream_says("replay", "--topic", "products.changed")

    assert stage.ask("SELECT product_id FROM products FINAL ORDER BY 1") == [("new",), ("old",)]


def test_every_table_the_archive_writes_can_be_made_anew() -> None:
    assert sorted(chain(*TABLES.values())) == sorted(COLUMNS)


def test_a_topic_without_tables_and_a_table_of_another_topic_are_refused(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="no table is made of"):
        Rebuilding(stage.kafka, stage.clickhouse, CODEC, "events.received")
    rebuilding = Rebuilding(stage.kafka, stage.clickhouse, CODEC, "events.enriched")
    with pytest.raises(ConfigurationError, match="conversions is not made of"):
        asyncio.run(rebuilding.run(["conversions"], None, switch=True))
