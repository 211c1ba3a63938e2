"""Items that a catalog at Meta has not, as `products.synced` tells: refused when they were new, deleted, or left out.

Only these are remembered: what nobody has told of counts as there.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import structlog

from connectors.kafka.follower import Follower
from schemas.catalog_records import ProductReceipt
from schemas.codec import Codec
from schemas.errors import TerminalError, TransientError
from schemas.settings import KafkaSettings
from schemas.topics import PRODUCTS_SYNCED

MOST_ITEMS: Final = 200_000
"""Items remembered, about 60 MB; of more, the longest known are forgotten."""

log = structlog.get_logger()


class CatalogItem(NamedTuple):
    """An item of a shop's catalog; both ids are Meta's."""

    shop_id: str
    catalog_id: str
    item_id: str


class MissingItems:
    """The items; `apply` takes each record of the topic."""

    def __init__(self, codec: Codec, most: int = MOST_ITEMS) -> None:
        """Start empty; remember so many at *most*."""
        self._codec, self._most = codec, most
        self._by_key: dict[bytes, CatalogItem] = {}
        self._items: set[CatalogItem] = set()

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __len__(self) -> int:
        return len(self._items)

    def apply(self, record: Any) -> None:
        """Take one record. A tombstone says nothing any more; a pending item is as it was before."""
        receipt = self._read(record)
        if record.key is None or (receipt is not None and not _decides(receipt)):
            return
        if (gone := self._by_key.pop(record.key, None)) is not None:
            self._items.discard(gone)
        if receipt is None or receipt["status"] == "accepted":
            return
        item = CatalogItem(receipt["shop_id"], receipt["catalog_id"], receipt["item_id"])
        self._by_key[record.key] = item
        self._items.add(item)
        if len(self._by_key) > self._most:
            self._items.discard(self._by_key.pop(next(iter(self._by_key))))

    def _read(self, record: Any) -> ProductReceipt | None:
        if record.value is None:
            return None
        try:
            receipt: ProductReceipt = self._codec.decode_as("ProductReceipt", record.value)
            return receipt
        except TerminalError as exc:
            log.error("item receipt undecodable", reason=exc.reason, offset=record.offset)
            return None


def _decides(receipt: ProductReceipt) -> bool:
    """Tell whether *receipt* says if Meta has the item: one whose change was refused is there as it was."""
    if receipt["status"] == "rejected":
        return receipt["method"] == "CREATE"
    return receipt["status"] in ("accepted", "deleted", "skipped")


@asynccontextmanager
async def following_missing_items(
    kafka: KafkaSettings,
    codec: Codec,
    *,
    timeout_seconds: float = 10,
    failed: Callable[[BaseException], None] | None = None,
) -> AsyncIterator[MissingItems]:
    """Give the items, complete on entry if Kafka gives them in time, followed until exit; *failed* as of `Follower`."""
    missing, topic = MissingItems(codec), kafka.prefix + PRODUCTS_SYNCED.name
    follower = Follower(kafka.bootstrap_servers, topic, missing.apply, failed=failed)
    await follower.start()
    try:
        await follower.caught_up(timeout_seconds)
    except TransientError as exc:
        log.warning("going on without knowing all items", detail=str(exc))
    try:
        yield missing
    finally:
        await follower.stop()
