"""The process on real Kafka: 202 only when it is there, 503 in bounded time when it is not, order per visitor."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from connectors.kafka import shops
from connectors.kafka.partitioning import partition_of
from connectors.kafka.publisher import Publisher
from deploy.ports import free_port
from deploy.servers.kafka import running_kafka
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.identifiers import visitor_id
from schemas.settings import KafkaSettings
from schemas.topics import EVENTS_RECEIVED, ORDERS_RECEIVED, PRODUCTS_CHANGED, RECORDS_REJECTED, Topic
from tests.builders import a_shop
from tests.doors import a_pixel_event
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.shopify_webhooks import a_product, an_order_body, headers_of
from tests.storefronts import a_shopify_access

pytestmark = pytest.mark.integration

CODEC = Codec.from_lock()
POST = "/v1/pixel/wk_demo"


@asynccontextmanager
async def a_running_door(kafka: KafkaSettings, folder: Path, **settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """The ingest process and a client of it; SIGTERM at the end must stop it cleanly."""
    port = free_port()
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STORESTREAM_PARTITIONS": str(kafka.partitions),
        "STORESTREAM_TOPIC_PREFIX": kafka.prefix,
        "INGEST_PORT": str(port),
        "SHOPIFY_SECRET_DEMO": "hush",
        "SHOPIFY_TOKEN": "shpat_test",
    }
    with (folder / "ingest.log").open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy.processes.ingest", env=environment | settings, stderr=written
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                await _listening(client)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), 30)
    assert code == 0


async def _listening(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        try:
            await client.get("/healthz")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("the door does not listen")


async def until_ready(client: httpx.AsyncClient, within_seconds: float = 40) -> None:
    deadline = time.monotonic() + within_seconds
    while (answer := await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.2)


async def records(kafka: KafkaSettings, topic: Topic) -> dict[int, list[Any]]:
    """Everything on *topic* now, by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(kafka.prefix + topic.name, number) for number in range(kafka.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: dict[int, list[Any]] = {number: [] for number in range(kafka.partitions)}
        while any(len(found[at.partition]) < end for at, end in ends.items()):
            for at, fetched in (await consumer.getmany(timeout_ms=500)).items():
                found[at.partition] += fetched
        return found
    finally:
        await consumer.stop()


async def events(kafka: KafkaSettings) -> dict[int, list[Any]]:
    """The events on events.received, by partition, in order."""
    return {
        partition: [event for record in found for event, _ in CODEC.members("Event", record.value)]
        for partition, found in (await records(kafka, EVENTS_RECEIVED)).items()
    }


def a_collection_made_at(port: int, ingest: str, members: int) -> dict[str, Any]:
    """Run the fake Shopify, as a user would, and make a collection there: who is in it, and how its webhook fared."""
    argv = ["--system", "shopify", "--port", str(port), "--ingest", ingest]
    argv += ["--domain", "demo.myshopify.com", "--secret-env", "SHOPIFY_SECRET_DEMO"]
    environment = os.environ | {"SHOPIFY_SECRET_DEMO": "hush"}
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.servers.storefronts", *argv], stdout=subprocess.PIPE, env=environment
    )
    with process:
        assert process.stdout is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            listed = [each["id"] for each in httpx.get(f"{address}/_products", timeout=30).json()][:members]
            made = httpx.put(f"{address}/_collections/5", json={"title": "Summer", "products": listed}, timeout=30)
        finally:
            process.terminate()
    return {"members": listed, "webhook": made.json()["webhook"]}


async def test_what_is_accepted_is_on_kafka_on_its_visitors_partition(kafka_bootstrap: str, tmp_path: Path) -> None:
    kafka = own_kafka(kafka_bootstrap, partitions=3)
    await make_topics(kafka)
    shopify = free_port()
    access = a_shopify_access(api_url=f"http://127.0.0.1:{shopify}")
    await shops.publish(kafka, CODEC, [a_shop(shopify=access)])
    sent = [a_pixel_event(id=f"e{number}", clientId=f"client-{number % 7}") for number in range(50)]
    order, product = json.dumps(an_order_body()).encode(), json.dumps(a_product()).encode()

    async with a_running_door(kafka, tmp_path) as client:
        await until_ready(client)
        batch = await client.post(POST, content=json.dumps([*sent, {"name": "page_viewed"}]))
        on_kafka = await events(kafka)  # at once: it must be there before the answer
        path = "/v1/webhooks/shopify"
        hooks = [
            await client.post(path, content=order, headers=headers_of("orders/paid", order)),
            await client.post(path, content=product, headers=headers_of("products/update", product)),
        ]
        told = await asyncio.to_thread(a_collection_made_at, shopify, str(client.base_url), 2)

    assert (batch.status_code, batch.json()["accepted"]) == (202, 50)
    assert sorted(event["event_id"] for found in on_kafka.values() for event in found) == sorted(e["id"] for e in sent)
    for partition, found in on_kafka.items():
        assert {partition_of("demo", event["visitor_id"], 3) for event in found} <= {partition}
    assert [hook.status_code for hook in hooks] == [200, 200]
    orders = await records(kafka, ORDERS_RECEIVED)
    place = f"order:{an_order_body()['id']}"
    assert [number for number, found in orders.items() if found] == [partition_of("demo", place, 3)]
    changes = [record for found in (await records(kafka, PRODUCTS_CHANGED)).values() for record in found]
    fetched = [f"demo|{each}".encode() for each in told["members"]]
    assert told["webhook"] == 200
    assert sorted(record.key for record in changes) == sorted([b"demo|788032119674292922", *fetched])
    rejected = [record for found in (await records(kafka, RECORDS_REJECTED)).values() for record in found]
    assert [CODEC.decode(record.value)["payload"] for record in rejected] == [b'{"name": "page_viewed"}']


async def test_each_visitors_events_keep_the_order_in_which_they_were_posted(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka)
    await shops.publish(kafka, CODEC, [a_shop()])

    async def shop_around(client: httpx.AsyncClient, shopper: int) -> None:
        for step in range(25):
            body = [a_pixel_event(id=f"{shopper}-{step}-{part}", clientId=f"client-{shopper}") for part in "ab"]
            answer = await client.post(POST, content=json.dumps(body))
            assert answer.status_code == 202

    async with a_running_door(kafka, tmp_path) as client:
        await until_ready(client)
        await asyncio.gather(*(shop_around(client, shopper) for shopper in range(20)))

    found = [event for partition in (await events(kafka)).values() for event in partition]
    for shopper in range(20):
        visitor = visitor_id("demo", f"client-{shopper}")
        ids = [event["event_id"] for event in found if event["visitor_id"] == visitor]
        assert ids == [f"{shopper}-{step}-{part}" for step in range(25) for part in "ab"]
    envelopes = sum(map(len, (await records(kafka, EVENTS_RECEIVED)).values()))
    assert envelopes < 500, "twenty shoppers at once share envelopes"


@pytest.mark.timeout(180)
async def test_a_broker_that_goes_means_503_in_bounded_time_and_one_that_returns_means_202(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    settings = {"INGEST_PUBLISH_TIMEOUT_SECONDS": "1", "INGEST_PENDING_BYTES": "200000"}
    with running_kafka(folder) as first:
        kafka, port = own_kafka(first.bootstrap_servers), first.port
        await make_topics(kafka)
        await shops.publish(kafka, CODEC, [a_shop()])
        door = a_running_door(kafka, tmp_path, **settings)
        client = await door.__aenter__()
        await until_ready(client)
        before = await client.post(POST, content=json.dumps(a_pixel_event(id="before")))
    try:
        answers, slowest = await _post_for(client, seconds=6)
        unready = await client.get("/readyz")
        pending = _pending_bytes((await client.get("/metrics")).text)
        with running_kafka(folder, port) as again:
            assert again.bootstrap_servers == kafka.bootstrap_servers
            await until_ready(client)
            accepted = await _accepted_again(client)
            on_kafka = [event["event_id"] for found in (await events(kafka)).values() for event in found]
            await door.__aexit__(None, None, None)
    except BaseException:
        await door.__aexit__(None, None, None)
        raise

    assert before.status_code == 202
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert slowest < 3
    assert (unready.status_code, "kafka" in unready.json()["missing"]) == (503, True)
    assert pending <= 200_000
    assert {"before", accepted} <= set(on_kafka), "what was answered 202 is there"


async def _post_for(client: httpx.AsyncClient, *, seconds: float) -> tuple[list[httpx.Response], float]:
    answers, slowest, number = [], 0.0, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began, number = time.monotonic(), number + 1
        body = json.dumps(a_pixel_event(id=f"while-down-{number}"))
        answers += await asyncio.gather(*(client.post(POST, content=body) for _ in range(20)))
        slowest = max(slowest, time.monotonic() - began)
    return answers, slowest


async def _accepted_again(client: httpx.AsyncClient) -> str:
    """Repeat one event, as a sender told 503 would, until it is accepted."""
    deadline = time.monotonic() + 30
    while True:
        answer = await client.post(POST, content=json.dumps(a_pixel_event(id="after")))
        if answer.status_code == 202:
            return "after"
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.5)


def _pending_bytes(metrics: str) -> float:
    (line,) = [line for line in metrics.splitlines() if line.startswith("ingest_pending_bytes ")]
    return float(line.split()[1])


async def test_without_kafka_it_starts_says_so_and_takes_nothing(tmp_path: Path) -> None:
    kafka = KafkaSettings(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}")
    async with a_running_door(kafka, tmp_path) as client:
        ready = await client.get("/readyz")
        posted = await client.post(POST, content=json.dumps(a_pixel_event()))

    assert (ready.status_code, set(ready.json()["missing"])) == (503, {"kafka", "shops"})
    assert posted.status_code == 503


async def test_topics_that_are_not_as_declared_are_named(kafka_bootstrap: str, tmp_path: Path) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, tuple(topic for topic in (ORDERS_RECEIVED, PRODUCTS_CHANGED, RECORDS_REJECTED)))
    async with a_running_door(kafka, tmp_path) as client:
        await asyncio.sleep(1.5)
        missing = (await client.get("/readyz")).json()["missing"]
        await make_topics(kafka)
        await shops.publish(kafka, CODEC, [a_shop()])
        await until_ready(client)

    assert "events.received has 0 partitions" in missing["kafka"]


@pytest.mark.timeout(120)
async def test_told_to_stop_while_its_broker_is_gone_it_ends_cleanly_in_bounded_time(tmp_path: Path) -> None:
    with running_kafka(tmp_path / "kafka") as broker:
        kafka = own_kafka(broker.bootstrap_servers)
        await make_topics(kafka)
        await shops.publish(kafka, CODEC, [a_shop()])
        door = a_running_door(kafka, tmp_path, INGEST_PUBLISH_TIMEOUT_SECONDS="1")
        client = await door.__aenter__()
        await until_ready(client)
    posts = [client.post(POST, content=json.dumps(a_pixel_event(clientId=f"c{number}"))) for number in range(20)]
    answers = await asyncio.gather(*posts)
    began = time.monotonic()
    await door.__aexit__(None, None, None)  # asserts exit code 0

    assert {answer.status_code for answer in answers} == {503}
    assert time.monotonic() - began < 20
    assert "Traceback" not in (tmp_path / "ingest.log").read_text()


async def test_a_producer_that_kafka_refuses_is_replaced_and_its_senders_are_told(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka)
    publisher = Publisher(kafka, [RECORDS_REJECTED])
    await publisher.start()
    try:
        await asyncio.wait_for(_connected(publisher), 30)
        await publisher.publish(RECORDS_REJECTED, b"before")
        with pytest.raises(TransientError):
            await publisher.publish(RECORDS_REJECTED, b"x" * (3 * 1024 * 1024))  # larger than a record may be
        await asyncio.wait_for(_connected(publisher), 30)
        await publisher.publish(RECORDS_REJECTED, b"after")
    finally:
        await publisher.stop()

    values = [record.value for found in (await records(kafka, RECORDS_REJECTED)).values() for record in found]
    assert sorted(values) == [b"after", b"before"]


async def _connected(publisher: Publisher) -> None:
    while await publisher.problem():  # noqa: ASYNC110 - one asks; nobody tells
        await asyncio.sleep(0.1)
