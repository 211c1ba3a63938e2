"""How far behind each worker is: records on its topics that its consumer group has not committed."""

from contextlib import AsyncExitStack
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

from schemas.settings import KafkaSettings
from schemas.topics import (
    ALERTS_RAISED,
    CATALOGS_REQUESTED,
    CATALOGS_SYNCED,
    CONVERSIONS_DELIVERED,
    EVENTS_ENRICHED,
    EVENTS_RECEIVED,
    IDENTITIES_LINKED,
    ORDERS_RECEIVED,
    PRODUCTS_CHANGED,
    PRODUCTS_SYNCED,
    RECORDS_REJECTED,
    Topic,
)

CONSUMED: Final[dict[str, tuple[Topic, ...]]] = {
    "stitch": (EVENTS_RECEIVED, ORDERS_RECEIVED, IDENTITIES_LINKED),
    "forward": (EVENTS_ENRICHED,),
    "archive": (
        EVENTS_ENRICHED,
        IDENTITIES_LINKED,
        PRODUCTS_CHANGED,
        CONVERSIONS_DELIVERED,
        PRODUCTS_SYNCED,
        CATALOGS_SYNCED,
        ALERTS_RAISED,
        RECORDS_REJECTED,
    ),
    "catalog": (CATALOGS_REQUESTED,),
}
"""What each worker reads through its consumer group, in the order of the flow."""


async def lags(kafka: KafkaSettings) -> dict[tuple[str, str], int]:
    """Count, by worker and topic, the records not yet done; 0 everywhere when all has been worked through.

    Raises:
        KafkaError: Kafka does not answer.
    """
    async with AsyncExitStack() as stack:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        stack.push_async_callback(admin.close)
        await admin.start()
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, enable_auto_commit=False)
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        # The reading worker's position first: what is written in between counts as lag, never as done.
        committed = {worker: await _committed(admin, kafka.prefix + worker) for worker in CONSUMED}
        partitions = await _partitions(admin, kafka)
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
    return {
        (worker, topic.name): sum(
            max(0, end - max(committed[worker].get(partition, 0), begins[partition]))
            for partition, end in ends.items()
            if partition.topic == kafka.prefix + topic.name
        )
        for worker, topics in CONSUMED.items()
        for topic in topics
    }


async def _partitions(admin: AIOKafkaAdminClient, kafka: KafkaSettings) -> list[TopicPartition]:
    """List what is there: to ask for the end of a topic that is not would wait for it."""
    names = {kafka.prefix + topic.name for topics in CONSUMED.values() for topic in topics}
    return [
        TopicPartition(each["topic"], partition["partition"])
        for each in await admin.describe_topics()
        if each["topic"] in names and not each["error_code"]
        for partition in each["partitions"]
    ]


async def _committed(admin: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
        return {}  # no group has ever been made on this cluster
    return {partition: each.offset for partition, each in offsets.items() if each.offset >= 0}
