"""Kafka for a command at a terminal: settings come in, they go out once Kafka has answered. Processes wait instead."""

from typing import Final

from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError

from schemas.errors import TransientError
from schemas.settings import KafkaSettings

ANSWER_SECONDS: Final = 10.0


async def reached(kafka: KafkaSettings) -> KafkaSettings:
    """See that Kafka is there, so that a person who waits is told at once.

    Raises:
        TransientError: it does not answer.
    """
    client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap_servers, request_timeout_ms=round(ANSWER_SECONDS * 1000))
    try:
        await client.bootstrap()
    except (KafkaError, OSError):
        raise TransientError(
            f"Kafka does not answer at {kafka.bootstrap_servers}, as KAFKA_BOOTSTRAP_SERVERS says"
        ) from None
    finally:
        await client.close()
    return kafka
