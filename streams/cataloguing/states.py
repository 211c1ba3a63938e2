"""Reads what earlier processes left of the catalogs of one partition: receipts of items, and runs."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from connectors.kafka.readers import reading
from schemas.catalog_records import ProductReceipt, SyncJob
from schemas.codec import Codec
from schemas.errors import TerminalError, TransientError
from schemas.settings import KafkaSettings
from schemas.topics import CATALOGS_SYNCED, PRODUCTS_SYNCED, Topic
from streams.cataloguing.ledger import Ledger
from streams.cataloguing.receipts import Place, sent_of

NO_JOBS: Final[Mapping[str, SyncJob]] = {}

log = structlog.get_logger()


class Standing:
    """What stands in one partition, by catalog."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ledgers: dict[Place, Ledger] = {}
        self.jobs: dict[Place, dict[str, SyncJob]] = {}

    def take_receipt(self, receipt: ProductReceipt) -> None:
        """Take the next receipt; the last one of an item counts."""
        place = Place(receipt["shop_id"], receipt["catalog"], receipt["catalog_id"])
        self.ledgers.setdefault(place, Ledger()).put(receipt["item_id"], sent_of(receipt))

    def take_job(self, job: SyncJob) -> None:
        """Take the next state of a run."""
        place = Place(job["shop_id"], job["catalog"], job["catalog_id"])
        self.jobs.setdefault(place, {})[job["kind"]] = job


async def standing_in(kafka: KafkaSettings, codec: Codec, partition: int) -> Standing:
    """Read *partition* to its end.

    Raises:
        TransientError: Kafka does not answer.
    """
    standing = Standing()
    async for receipt in _values(kafka, codec, PRODUCTS_SYNCED, partition):
        standing.take_receipt(receipt)
    async for job in _values(kafka, codec, CATALOGS_SYNCED, partition):
        standing.take_job(job)
    return standing


async def _values(kafka: KafkaSettings, codec: Codec, topic: Topic, partition: int) -> AsyncIterator[Any]:
    try:
        async with reading(kafka.bootstrap_servers, kafka.prefix + topic.name, partition, 0) as reader:
            while reader.position < reader.end:
                for record in await reader.next():
                    if record.value is None:
                        continue
                    try:
                        yield codec.decode_as(topic.value, record.value)
                    except TerminalError as exc:
                        where = {"topic": topic.name, "partition": partition, "offset": record.offset}
                        log.error("catalog state undecodable", reason=exc.reason, **where)
    except KafkaError as exc:
        raise TransientError(f"catalog states cannot be read: {type(exc).__name__}") from None
