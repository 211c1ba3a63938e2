"""The archive on real Kafka and real ClickHouse: killed in the middle of its work, it loses and doubles nothing."""

import asyncio
import base64
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from connectors.kafka import admin as topics_admin
from deploy.children import Child
from schemas.codec import Codec
from schemas.records import EnrichedEnvelope, EnrichedEvent
from schemas.settings import ClickHouseSettings, KafkaSettings
from streams.records import MEANT_FOR
from tests.archived import a_rejection, a_session, an_enriched_event
from tests.builders import a_product_change

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CODEC = Codec.from_lock()


class Stage:
    """One archive with topics and a database of its own."""

    def __init__(self, bootstrap: str, clickhouse: str, folder: Path) -> None:
        name = uuid.uuid4().hex[:8]
        self.env = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "STORESTREAM_PARTITIONS": "2",
            "STORESTREAM_TOPIC_PREFIX": f"t{name}.",
            "CLICKHOUSE_URL": f"{clickhouse.rstrip('/')}/archive_{name}",
            "ARCHIVE_ROWS": "500",
            "ARCHIVE_LINGER_SECONDS": "0.1",
            "WORKER_SESSION_TIMEOUT_SECONDS": "6",
        }
        self.kafka = KafkaSettings.model_validate(self.env)
        self.clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": self.env["CLICKHOUSE_URL"]})
        self.log = folder / "archive.log"
        migrate(self.clickhouse)
        self.client = connect(self.clickhouse)

    def start(self) -> Child:
        with self.log.open("ab") as output:
            return Child(
                [sys.executable, "-c", "from streams.archive import main; main()"],
                env={**os.environ, **self.env, "PYTHONPATH": str(ROOT)},
                output=output,
            )

    async def make_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await admin.start()
        await topics_admin.apply(admin, self.kafka, await topics_admin.plan(admin, self.kafka))
        await admin.close()

    def producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap_servers, acks="all", linger_ms=5)

    def ask(self, sql: str) -> Any:
        return self.client.query(sql).result_rows

    async def until(self, sql: str, expected: Any, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while (found := self.ask(sql)) != expected:
            assert time.monotonic() < deadline, f"{sql}: {found}\n{self.log.read_text()[-3000:]}"
            await asyncio.sleep(0.2)


@pytest.fixture
def stage(kafka_bootstrap: str, clickhouse_url: str, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(kafka_bootstrap, clickhouse_url, tmp_path)
    yield made
    made.client.command(f"DROP DATABASE {made.client.database}")
    made.client.close()


def an_envelope(count: int) -> tuple[list[str], bytes]:
    events = [an_enriched_event() for _ in range(count)]
    envelope = EnrichedEnvelope(events=events, sessions=[a_session()], orders=[], timelines=[])
    return [each["event"]["event_id"] for each in events], CODEC.encode("EnrichedEnvelope", envelope)


async def produce(stage: Stage, envelopes: int, sent: set[str]) -> None:
    async with stage.producer() as producer:
        for number in range(envelopes):
            ids, value = an_envelope(random.choice([1, 3, 40]))
            await producer.send_and_wait(f"{stage.kafka.prefix}events.enriched", value, partition=number % 2)
            sent.update(ids)
            await asyncio.sleep(0.005)


async def test_an_archive_killed_again_and_again_ends_with_every_event_once(stage: Stage) -> None:
    await stage.make_topics()
    sent: set[str] = set()
    producing = asyncio.create_task(produce(stage, 1000, sent))
    while not producing.done():
        child = stage.start()
        await asyncio.sleep(random.uniform(3.5, 6))
        child.kill()
        await asyncio.to_thread(child.wait, 20)
    await producing
    with stage.start():
        await stage.until("SELECT uniqExact(event_id) FROM events", [(len(sent),)])

    assert {row[0] for row in stage.ask("SELECT event_id FROM events FINAL")} == sent
    assert stage.ask("SELECT count() FROM events FINAL") == [(len(sent),)]
    assert stage.ask("SELECT count() FROM sessions FINAL") == [(1000,)]
    # The ranges make even the raw rows exact; Replacing is the second net.
    assert stage.ask("SELECT count() - uniqExact(event_id) FROM events") == [(0,)]


async def test_what_does_not_decode_and_what_clickhouse_refuses_is_rejected_and_may_be_sent_again_repaired(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.make_topics()
    good, bad = an_enriched_event(), an_enriched_event()
    bad["event"]["value"] = 1e300
    envelope = EnrichedEnvelope(events=[good, bad], sessions=[], orders=[], timelines=[])
    rejection = a_rejection(payload=b'\xff\x00"\\\n{', topic=None, offset=None, partition=None)
    async with stage.producer() as producer:
        for topic, value in (
            ("events.enriched", b"no avro"),
            ("events.enriched", CODEC.encode("EnrichedEnvelope", envelope)),
            ("products.changed", CODEC.encode("ProductChange", a_product_change())),
            ("products.changed", None),
            ("identities.linked", CODEC.encode("ProductChange", a_product_change())),
            ("records.rejected", CODEC.encode("Rejected", rejection)),
            ("records.rejected", b"\x00\x00"),
        ):
            await producer.send_and_wait(stage.kafka.prefix + topic, value, key=b"k", partition=0)
    with stage.start():
        await stage.until("SELECT count() FROM rejected FINAL", [(5,)])
        assert stage.ask("SELECT event_id FROM events FINAL") == [(good["event"]["event_id"],)]
        said = await asyncio.to_thread(sent_again, stage, "refused_by_clickhouse", repaired(bad, tmp_path))
        await stage.until("SELECT count() FROM events FINAL", [(2,)])

    topic = f"{stage.kafka.prefix}events.enriched"
    assert said == f"written to {topic}, partition 0, offset 2"
    async with AIOKafkaConsumer(bootstrap_servers=stage.kafka.bootstrap_servers) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 2)
        assert (await consumer.getone()).headers == ((MEANT_FOR, b"archive"),)
    assert stage.ask("SELECT count() FROM products") == [(1,)]
    rows = stage.ask(
        "SELECT reason, topic, field, base64Encode(payload), kafka_offset, shop_id FROM rejected FINAL ORDER BY 1, 2"
    )
    assert [row[:3] for row in rows] == [
        ("bad_json", "", "events.2"),
        ("refused_by_clickhouse", "events.enriched", "events"),
        ("undecodable", "events.enriched", "value"),
        ("undecodable", "identities.linked", "value"),
        ("undecodable", "records.rejected", "value"),
    ]
    assert base64.b64decode(rows[0][3]) == rejection["payload"]
    assert CODEC.decode(base64.b64decode(rows[1][3]))["events"] == [bad]
    assert [row[5] for row in rows] == [rejection["shop_id"], bad["event"]["shop_id"], "", "", ""]
    # Its own topic got only what can be sent again: nothing about itself.
    assert await written(stage, "records.rejected") == 2 + 3


def repaired(event: EnrichedEvent, folder: Path) -> Path:
    """Write *event* with a value that can be kept, as somebody would who repairs it."""
    told: EnrichedEvent = {**event, "event": {**event["event"], "value": 42.99}}
    file = folder / "repaired"
    file.write_bytes(
        CODEC.encode("EnrichedEnvelope", EnrichedEnvelope(events=[told], sessions=[], orders=[], timelines=[]))
    )
    return file


def sent_again(stage: Stage, reason: str, file: Path) -> str:
    """Replay what was rejected for *reason* with the bytes of *file*; returns the last line the command says."""
    (rejection_id,) = rejected(stage, "list", "--reason", reason, "--ids")
    return rejected(stage, "replay", rejection_id, "--with", str(file))[-1]


def rejected(stage: Stage, *arguments: str) -> list[str]:
    """Call `storestream rejected`; returns the lines it says."""
    command = [sys.executable, "-c", "from deploy.cli import main; main()", "rejected", *arguments]
    env = {**os.environ, **stage.env, "COLUMNS": "200"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip().splitlines()


async def written(stage: Stage, topic: str) -> int:
    async with AIOKafkaConsumer(bootstrap_servers=stage.kafka.bootstrap_servers) as consumer:
        ends = await consumer.end_offsets([TopicPartition(stage.kafka.prefix + topic, n) for n in range(2)])
        return int(sum(ends.values()))


async def test_what_comes_during_an_outage_is_there_afterwards(stage: Stage) -> None:
    await stage.make_topics()
    ids, value = an_envelope(5)
    stage.client.command("RENAME TABLE events TO away")
    async with stage.producer() as producer:
        await producer.send_and_wait(f"{stage.kafka.prefix}events.enriched", value, partition=0)
    with stage.start() as child:
        await stage.until("SELECT count() FROM sink_ranges", [(1,)])
        await asyncio.sleep(1)
        assert child.poll() is None
        stage.client.command("RENAME TABLE away TO events")
        await stage.until("SELECT arraySort(groupArray(event_id)) FROM events", [(sorted(ids),)])


async def test_archives_that_join_and_leave_hand_their_partitions_over_without_loss(stage: Stage) -> None:
    await stage.make_topics()
    sent: set[str] = set()
    with stage.start() as first:
        producing = asyncio.create_task(produce(stage, 1200, sent))
        await stage.until("SELECT count() > 0 FROM events", [(True,)])
        with stage.start():
            await asyncio.sleep(6)
            first.terminate()
            assert await asyncio.to_thread(first.wait, 30) == 0
            await producing
            await stage.until("SELECT uniqExact(event_id) FROM events", [(len(sent),)])

    assert {row[0] for row in stage.ask("SELECT event_id FROM events FINAL")} == sent
    assert stage.ask("SELECT count() FROM events FINAL") == [(len(sent),)]
