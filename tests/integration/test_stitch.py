"""The stitch worker on real Kafka: what it says is what the rules say, also when it is killed in the middle."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from connectors.kafka import shops
from connectors.kafka.partitioning import partition_of
from deploy.ports import free_port
from schemas import topics
from schemas.records import Event, Link, OrderReceived
from schemas.settings import KafkaSettings
from tests.builders import MINUTE, NOON, a_product_change, a_shop, an_event, an_item, an_order
from tests.integration.kafka_topics import make_topics, own_kafka, produce
from tests.stitched import CODEC, Pipeline, an_unlink

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
BAD_BYTES = b"\0\0\0\0\x02\xff\xff\xff"


class History(NamedTuple):
    """What a shop's day put on Kafka: envelopes by partition, in order."""

    events: dict[int, list[list[Event]]]
    orders: dict[int, list[list[OrderReceived]]]
    unlinks: list[Link]

    @property
    def partitions(self) -> int:
        return len(self.events)


def a_history(seed: int, visitors: int, partitions: int) -> History:
    """Visitors who browse, log in, share a kiosk and buy; webhooks and pixels are missing or doubled, links wrong."""
    chance = random.Random(seed)
    events: list[Event] = []
    orders: list[OrderReceived] = []
    for number in range(visitors):
        client = f"client-{number % (visitors - 3)}"  # the last three share the devices of the first
        customer = f"customer-{number}" if chance.random() < 0.4 else None
        start = chance.randrange(0, 600)
        said: dict[str, Any] = {"client_id": client, "customer_id": None, "fbp": f"fb.1.1596403881668.{number + 1}"}
        for step in range(chance.randrange(2, 9)):
            minute = start + step * chance.choice((1, 5, 40))
            item = an_item(product_id=str(step), variant_id=f"v{step}", sku=None)
            events.append(_event(number, step, minute, **said, items=[item]))
            said["customer_id"] = customer
        if chance.random() < 0.6:
            minute, token = start + 300, f"token-{number}"
            if chance.random() < 0.8:
                bought = {"name": "checkout_completed", "checkout_token": token, "order_id": str(9000 + number)}
                events.append(_event(number, 99, minute, **said | bought))
            if chance.random() < 0.8:
                orders.append(_order(number, token, minute, customer))
    events.sort(key=lambda event: (event["received_at"], event["event_id"]))
    events = [event for event in events for _ in range(2 if chance.random() < 0.05 else 1)]
    return History(
        _enveloped(events, lambda event: event["visitor_id"], chance, partitions),
        _enveloped(orders, lambda order: f"order:{order['order_id']}", chance, partitions),
        [an_unlink(f"client-{each}", f"customer-{each}", NOON + 30_000) for each in range(0, visitors, 5)],
    )


def _event(number: int, step: int, minute: int, **said: Any) -> Event:
    at = NOON + minute * MINUTE
    return an_event(event_id=f"e-{number}-{step}", occurred_at=at, received_at=NOON + minute * 100 + number, **said)


def _order(number: int, token: str, minute: int, customer: str | None) -> OrderReceived:
    return an_order(
        order_id=str(9000 + number),
        checkout_token=token,
        customer_id=customer,
        occurred_at=NOON + minute * MINUTE,
        received_at=NOON + minute * 100 + 1_000,
        delivery_id=f"d-{number}",
    )


def _enveloped(members: list[Any], key: Any, chance: random.Random, partitions: int) -> dict[int, list[list[Any]]]:
    envelopes: dict[int, list[list[Any]]] = {number: [[]] for number in range(partitions)}
    for member in members:
        mine = envelopes[partition_of("demo", key(member), partitions)]
        if len(mine[-1]) >= chance.randrange(1, 12):
            mine.append([])
        mine[-1].append(member)
    return envelopes


def what_the_rules_say(history: History) -> Pipeline:
    pipeline = Pipeline({"demo": a_shop()}, partitions=history.partitions)
    pipeline.catalog.apply(a_product())
    for envelopes in history.events.values():
        for events in filter(None, envelopes):
            pipeline.publish_together(events)
    for order_envelopes in history.orders.values():
        for orders in order_envelopes:
            pipeline.publish_order(*orders)
    pipeline.run()
    for unlink in history.unlinks:
        pipeline.publish_link(unlink)
    pipeline.run()
    pipeline.pass_time(NOON + 10_000 * MINUTE)
    return pipeline


def a_product() -> Any:
    change = a_product_change(product_id="1")
    change["product"]["variants"][0]["variant_id"] = "v1"  # type: ignore[index]
    return change


async def put_on_kafka(kafka: KafkaSettings, history: History) -> None:
    await make_topics(kafka)
    await shops.publish(kafka, CODEC, [a_shop()])
    product = (b"demo|1", CODEC.encode("ProductChange", a_product()))
    await produce(kafka.bootstrap_servers, kafka.prefix + topics.PRODUCTS_CHANGED.name, [product])
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all") as producer:
        sent = []
        for unlink in history.unlinks:
            place = partition_of("demo", unlink["identifier"], history.partitions)
            name = kafka.prefix + topics.IDENTITIES_LINKED.name
            sent.append(await producer.send(name, CODEC.encode("Link", unlink), partition=place))
        for partition in range(history.partitions):
            name = kafka.prefix + topics.EVENTS_RECEIVED.name
            sent.append(await producer.send(name, BAD_BYTES, partition=partition))
            for events in history.events[partition]:
                value = CODEC.encode("EventEnvelope", {"events": events})
                sent.append(await producer.send(name, value, partition=partition))
            for orders in history.orders[partition]:
                value = CODEC.encode("OrderEnvelope", {"orders": orders})
                name_of_orders = kafka.prefix + topics.ORDERS_RECEIVED.name
                sent.append(await producer.send(name_of_orders, value, partition=partition))
        await asyncio.gather(*sent)


@contextmanager
def a_worker(kafka: KafkaSettings, folder: Path, metrics_port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """Run `streams.stitch` as the supervisor does."""
    env = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STORESTREAM_TOPIC_PREFIX": kafka.prefix,
        "STORESTREAM_PARTITIONS": str(kafka.partitions),
        "WORKER_FOLDER": str(folder / "state"),
        "WORKER_SESSION_TIMEOUT_SECONDS": "6",
        "WORKER_METRICS_PORT": str(metrics_port),
    }
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.stitch"], cwd=PROJECT, env=env, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Said(NamedTuple):
    """What the worker has put on its topics so far."""

    enriched: Pipeline
    rejected: list[Any]

    @property
    def event_ids(self) -> set[str]:
        return {each["event"]["event_id"] for each in self.enriched.events}


@asynccontextmanager
async def listening(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    names = (topics.EVENTS_ENRICHED.name, topics.RECORDS_REJECTED.name)
    numbers = range(kafka.partitions)
    consumer.assign([TopicPartition(kafka.prefix + name, number) for name in names for number in numbers])
    try:
        yield consumer
    finally:
        await consumer.stop()


async def hear(consumer: AIOKafkaConsumer, said: Said) -> None:
    """Add what has been said meanwhile."""
    for place, records in (await consumer.getmany(timeout_ms=200)).items():
        for record in records:
            if place.topic.endswith(topics.RECORDS_REJECTED.name):
                said.rejected.append(CODEC.decode(record.value))
                continue
            envelope = CODEC.decode(record.value)
            for name in ("events", "sessions", "orders", "timelines"):
                getattr(said.enriched, name).extend(envelope[name])


async def hear_until(consumer: AIOKafkaConsumer, said: Said, expected: Pipeline, within_seconds: float) -> None:
    """Listen until everything expected has been said, and every order is settled."""
    deadline = time.monotonic() + within_seconds
    ids = {each["event"]["event_id"] for each in expected.events}
    while time.monotonic() < deadline:
        await hear(consumer, said)
        settled = said.enriched.order_rows().keys() == expected.order_rows().keys() and not any(
            row["match"] == "held" for row in said.enriched.order_rows().values()
        )
        if said.event_ids >= ids and settled and timelines(said.enriched) == timelines(expected):
            return


def assert_same(said: Said, expected: Pipeline) -> None:
    lost = {each["event"]["event_id"] for each in expected.events} - said.event_ids
    assert lost == set()
    assert said.event_ids == {each["event"]["event_id"] for each in expected.events}
    assert sessions_of_events(said.enriched) == sessions_of_events(expected)
    assert facts_of_sessions(said.enriched) == facts_of_sessions(expected)
    assert timelines(said.enriched) == timelines(expected)
    assert said.enriched.persons() == expected.persons()
    assert matches(said.enriched) == matches(expected)
    assert {each["event"]["event_id"] for each in said.enriched.purchases()} == {
        each["event"]["event_id"] for each in expected.purchases()
    }
    assert [(each["reason"], each["payload"]) for each in unique_rejections(said)] == [
        ("undecodable", BAD_BYTES)
    ] * expected.partitions


def unique_rejections(said: Said) -> list[Any]:
    return list({each["rejection_id"]: each for each in said.rejected}.values())


def sessions_of_events(pipeline: Pipeline) -> dict[str, str]:
    return {each["event"]["event_id"]: each["session_id"] for each in pipeline.events}


def facts_of_sessions(pipeline: Pipeline) -> dict[str, Any]:
    return {key: {**row, "version": 0} for key, row in pipeline.session_rows().items()}


def timelines(pipeline: Pipeline) -> dict[str, Any]:
    """Without those that say nothing: a browser that was unlinked before it was linked has none at all."""
    return {key: row for key, row in pipeline.timeline_rows().items() if row.starts}


def matches(pipeline: Pipeline) -> dict[str, Any]:
    return {key: (row["match"], row["client_id"], row["session_id"]) for key, row in pipeline.order_rows().items()}


async def test_what_the_worker_says_is_what_the_rules_say(kafka_bootstrap: str, tmp_path: Path) -> None:
    kafka, history = own_kafka(kafka_bootstrap, partitions=1), a_history(1, visitors=40, partitions=1)
    expected = what_the_rules_say(history)
    await put_on_kafka(kafka, history)
    said, port = Said(Pipeline(), []), free_port()

    with a_worker(kafka, tmp_path, port) as worker:
        async with listening(kafka) as consumer:
            await hear_until(consumer, said, expected, within_seconds=60)
        assert worker.poll() is None
        metrics = (await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/metrics")).text

    assert worker.returncode == 0
    assert_same(said, expected)
    assert {"matched", "webhook_only", "pixel_only"} <= {row["match"] for row in said.enriched.order_rows().values()}
    assert len(said.enriched.purchases()) == len(said.enriched.order_rows())
    assert f"stitch_events_stitched_total {len(expected.events) - len(expected.purchases())}.0" in metrics
    assert 'stitch_orders_matched_total{match="webhook_only"}' in metrics
    assert "stitch_events_doubled_total" in metrics
    known = [facts["known"] for each in said.enriched.events for facts in each["products"]]
    assert any(known)
    assert not all(known)


async def test_a_worker_killed_in_the_middle_loses_nothing_and_says_the_same_ids(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    kafka, history = own_kafka(kafka_bootstrap, partitions=12), a_history(2, visitors=1200, partitions=12)
    expected = what_the_rules_say(history)
    await put_on_kafka(kafka, history)
    said, kills = Said(Pipeline(), []), 0

    async with listening(kafka) as consumer:
        for share in (0.1, 0.5):
            with a_worker(kafka, tmp_path) as worker:
                while len(said.event_ids) < share * len(expected.events):
                    assert worker.poll() is None
                    await hear(consumer, said)
                worker.kill()
                kills += len(said.event_ids) < len(expected.events)
        with a_worker(kafka, tmp_path):
            await hear_until(consumer, said, expected, within_seconds=90)

    assert kills, "every kill came too late to interrupt anything"
    assert_same(said, expected)


async def test_a_worker_killed_while_another_joins_loses_nothing_and_says_the_same_ids(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    kafka, history = own_kafka(kafka_bootstrap, partitions=4), a_history(3, visitors=1200, partitions=4)
    expected = what_the_rules_say(history)
    await put_on_kafka(kafka, history)
    said = Said(Pipeline(), [])

    async with listening(kafka) as consumer:
        with a_worker(kafka, tmp_path) as first:
            while len(said.event_ids) < 0.1 * len(expected.events):
                assert first.poll() is None
                await hear(consumer, said)
            with a_worker(kafka, tmp_path) as second:
                await asyncio.sleep(random.Random(3).uniform(1.5, 3))  # about when it joins
                first.kill()
                await hear_until(consumer, said, expected, within_seconds=90)
                assert second.poll() is None

    assert_same(said, expected)
