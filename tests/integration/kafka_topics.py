"""Topics of one test's own on the shared Kafka."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from connectors.kafka import admin as topics_admin
from schemas.settings import KafkaSettings
from schemas.topics import TOPICS, Topic


def own_kafka(bootstrap: str, *, partitions: int = 2) -> KafkaSettings:
    """Settings with a prefix nobody else has."""
    return KafkaSettings(
        KAFKA_BOOTSTRAP_SERVERS=bootstrap,
        STORESTREAM_PARTITIONS=partitions,
        STORESTREAM_TOPIC_PREFIX=f"test-{uuid.uuid4().hex[:8]}-",
    )


@asynccontextmanager
async def admin_of(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def make_topics(kafka: KafkaSettings, topics: tuple[Topic, ...] = TOPICS) -> None:
    """Make declared *topics* as the command would."""
    async with admin_of(kafka.bootstrap_servers) as client:
        await topics_admin.apply(client, kafka, await topics_admin.plan(client, kafka, topics))


async def make_topic(bootstrap: str, name: str, partitions: int = 1, **config: str) -> None:
    """Make a topic that is not one of the declared ones; `cleanup_policy="compact"` means `cleanup.policy`."""
    configs = {key.replace("_", "."): value for key, value in config.items()}
    async with admin_of(bootstrap) as client:
        await client.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])


async def produce(
    bootstrap: str, topic: str, records: list[tuple[bytes | None, bytes | None]], partition: int = 0
) -> None:
    """Write keys and values in this order and wait until Kafka has them all."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for sent in [await producer.send(topic, value, key, partition=partition) for key, value in records]:
            await sent


async def until(true: Callable[[], bool], within_seconds: float = 30) -> None:
    """Wait for what a background task brings about."""
    deadline = time.monotonic() + within_seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)
