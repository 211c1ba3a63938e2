"""What `products.changed` says of one product now: read once, from the beginning."""

from typing import Any, NamedTuple

from connectors.kafka import registry
from connectors.kafka.follower import Follower
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Inventory, ProductChange
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import PRODUCTS_CHANGED


class Shown(NamedTuple):
    """The change in force of a product, None where nobody told of it; and the stock levels of its variants."""

    change: ProductChange | None
    levels: list[Inventory]


class _Reader:
    def __init__(self, codec: Codec, shop_id: str, product_id: str) -> None:
        self._codec = codec
        self._product = f"{shop_id}|{product_id}".encode()
        self._stock = f"{shop_id}|inventory|".encode()
        self.change: ProductChange | None = None
        self.levels: dict[bytes, ProductChange] = {}

    def apply(self, record: Any) -> None:
        """Keep what the newest changes say; of equal times the later record counts."""
        key = record.key or b""
        if key != self._product and not key.startswith(self._stock):
            return
        if record.value is None:
            self.levels.pop(key, None)
            self.change = None if key == self._product else self.change
            return
        try:
            change: ProductChange = self._codec.decode_as("ProductChange", record.value)
        except TerminalError:
            return
        known = self.change if key == self._product else self.levels.get(key)
        if known is not None and known["occurred_at"] > change["occurred_at"]:
            return
        if key == self._product:
            self.change = change
        else:
            self.levels[key] = change


async def read_product(shop_id: str, product_id: str, *, timeout_seconds: float = 60) -> Shown:
    """Read the topic to its end. Raises `TransientError` when that takes longer than *timeout_seconds*."""
    kafka = settings(KafkaSettings)
    reader = _Reader(await registry.codec(settings(RegistrySettings), kafka), shop_id, product_id)
    follower = Follower(kafka.bootstrap_servers, kafka.prefix + PRODUCTS_CHANGED.name, reader.apply)
    await follower.start()
    try:
        await follower.caught_up(timeout_seconds)
    finally:
        await follower.stop()
    product = reader.change["product"] if reader.change else None
    items = {variant["inventory_item_id"] for variant in product["variants"]} if product else set()
    levels = [level for change in reader.levels.values() if (level := change["inventory"])]
    return Shown(reader.change, [level for level in levels if level["inventory_item_id"] in items])
