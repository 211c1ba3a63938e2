"""Product changes from a command onto `products.changed`, each batch acknowledged before the next is made."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from connectors.kafka import registry
from connectors.shopify.products import key_of
from deploy.processes.ingest_sink import LARGEST_VALUE
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.records import ProductChange
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import MAX_RECORD_BYTES, PRODUCTS_CHANGED


class ProductPublisher:
    """Publishes changes; `products_changed` opens one."""

    def __init__(self, producer: AIOKafkaProducer, codec: Codec, topic: str) -> None:
        """Take a producer that has started."""
        self._producer = producer
        self._codec = codec
        self._topic = topic

    async def publish(self, changes: Sequence[ProductChange]) -> list[ProductChange]:
        """Return once Kafka has the changes; those that are too large for a record are returned, not published.

        Raises:
            TransientError: Kafka did not take them all; some may be there, so publish them all again.
        """
        encoded = [(change, self._codec.encode("ProductChange", change)) for change in changes]
        try:
            waiting = [
                await self._producer.send(self._topic, value, key=key_of(change))
                for change, value in encoded
                if len(value) <= LARGEST_VALUE
            ]
            await asyncio.gather(*waiting)
        except KafkaError as exc:
            raise TransientError(f"kafka did not take the products: {type(exc).__name__}") from None
        return [change for change, value in encoded if len(value) > LARGEST_VALUE]


@asynccontextmanager
async def products_changed() -> AsyncIterator[ProductPublisher]:
    """Connect to Kafka as the settings say."""
    kafka = settings(KafkaSettings)
    codec = await registry.codec(settings(RegistrySettings), kafka)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=10,
        max_request_size=MAX_RECORD_BYTES,
        max_batch_size=MAX_RECORD_BYTES,
    )
    await producer.start()
    try:
        yield ProductPublisher(producer, codec, kafka.prefix + PRODUCTS_CHANGED.name)
    finally:
        await producer.stop()
