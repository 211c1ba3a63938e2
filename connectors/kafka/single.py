"""Publishes one record for a person at a terminal or the api, with a producer of its own: it is seldom."""

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from connectors.kafka.partitioning import partition_of
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.settings import KafkaSettings
from schemas.topics import Topic


async def publish_one(
    kafka: KafkaSettings, codec: Codec, topic: Topic, record: Any, *, about: tuple[str, str]
) -> tuple[int, int]:
    """Send *record* to the partition of what it is *about*, a shop and a name in it; returns partition and offset.

    Raises:
        TransientError: Kafka does not take it.
    """
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        sent = await producer.send_and_wait(
            kafka.prefix + topic.name,
            codec.encode(topic.value, record),
            key="|".join(about).encode(),
            partition=partition_of(*about, kafka.partitions),
        )
    except KafkaError as exc:
        raise TransientError(f"kafka did not take it: {type(exc).__name__}") from None
    finally:
        await producer.stop()
    return sent.partition, sent.offset
