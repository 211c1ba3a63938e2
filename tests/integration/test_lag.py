"""Lag is what a worker's group has not committed, and nothing once it has."""

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin.records_to_delete import RecordsToDelete

from connectors.kafka import lag
from schemas.settings import KafkaSettings
from tests.integration.kafka_topics import admin_of, make_topics, own_kafka, produce

pytestmark = pytest.mark.integration

NOTHING = {(worker, topic.name): 0 for worker, topics in lag.CONSUMED.items() for topic in topics}


async def work_through(kafka: KafkaSettings, worker: str, *topics: str) -> None:
    """Read and commit everything on *topics* in the name of *worker*."""
    names = [kafka.prefix + topic for topic in topics]
    async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers) as probe:
        partitions = [TopicPartition(name, number) for name in names for number in range(kafka.partitions)]
        ends = await probe.end_offsets(partitions)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=kafka.prefix + worker, enable_auto_commit=False
    ) as consumer:
        consumer.assign(partitions)
        await consumer.commit(ends)


async def test_lag_counts_what_is_not_committed_and_ends_at_zero(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka)

    assert await lag.lags(kafka) == NOTHING

    await produce(kafka_bootstrap, kafka.prefix + "events.received", [(None, b"x")] * 7, partition=0)
    await produce(kafka_bootstrap, kafka.prefix + "events.received", [(None, b"x")] * 3, partition=1)
    await produce(kafka_bootstrap, kafka.prefix + "events.enriched", [(None, b"x")] * 5, partition=1)
    assert await lag.lags(kafka) == NOTHING | {
        ("stitch", "events.received"): 10,
        ("forward", "events.enriched"): 5,
        ("archive", "events.enriched"): 5,
    }

    await work_through(kafka, "stitch", "events.received", "orders.received", "identities.linked")
    await work_through(kafka, "archive", "events.enriched")
    assert await lag.lags(kafka) == NOTHING | {("forward", "events.enriched"): 5}

    await work_through(kafka, "forward", "events.enriched")
    await produce(kafka_bootstrap, kafka.prefix + "events.received", [(None, b"x")], partition=1)
    assert await lag.lags(kafka) == NOTHING | {("stitch", "events.received"): 1}


async def test_records_that_retention_took_are_no_lag(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka)
    topic = kafka.prefix + "records.rejected"
    await produce(kafka_bootstrap, topic, [(None, b"x")] * 9)
    async with admin_of(kafka_bootstrap) as client:
        await client.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=6)})

    assert await lag.lags(kafka) == NOTHING | {("archive", "records.rejected"): 3}


async def test_topics_that_are_not_there_have_no_lag(kafka_bootstrap: str) -> None:
    assert await lag.lags(own_kafka(kafka_bootstrap)) == NOTHING
