"""Writes receipts, runs and alerts of catalogs, each to the partition of its catalog."""

from collections.abc import Iterable

from schemas.catalog_records import Alert, ProductReceipt, SyncJob
from schemas.codec import Codec
from schemas.topics import ALERTS_RAISED, CATALOGS_SYNCED, PRODUCTS_SYNCED
from streams.cataloguing.receipts import key_of
from streams.outbox import Outbox, Output


class Writer:
    """The way out of one process."""

    def __init__(self, codec: Codec, outbox: Outbox) -> None:
        """Take the worker's own way out."""
        self._codec, self._outbox = codec, outbox

    async def receipts(self, partition: int, receipts: Iterable[ProductReceipt]) -> None:
        """Say what became of items."""
        outputs = [Output(key_of(each), self._codec.encode("ProductReceipt", each)) for each in receipts]
        if outputs:
            await self._outbox.emit(PRODUCTS_SYNCED.name, partition, outputs)

    async def job(self, partition: int, job: SyncJob) -> None:
        """Say where a run stands."""
        output = Output(job_key(job), self._codec.encode("SyncJob", job))
        await self._outbox.emit(CATALOGS_SYNCED.name, partition, [output])

    async def alert(self, partition: int, alert: Alert) -> None:
        """Say what a person should look at."""
        key = f"{alert['shop_id']}|{alert['subject']}".encode()
        await self._outbox.emit(ALERTS_RAISED.name, partition, [Output(key, self._codec.encode("Alert", alert))])

    async def settled(self) -> None:
        """Wait until Kafka has all of it."""
        await self._outbox.settled()


def job_key(job: SyncJob) -> bytes:
    """Name a kind of run of a catalog: the last one counts."""
    return f"{job['shop_id']}|{job['catalog']}|{job['kind']}".encode()
