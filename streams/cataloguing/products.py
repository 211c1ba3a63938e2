"""The products in force of all shops: kept by following `products.changed`, and said as a catalog lists them."""

import heapq
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from connectors.meta.catalog.items import Listing, Skipped
from connectors.meta.catalog.listing import listed
from schemas.catalog_records import Catalog
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.heads import Head, Heads
from schemas.records import EpochMillis, Inventory, ProductChange, Shop
from streams.cataloguing.metrics import CHANGES
from streams.rules.products_in_force import ProductsInForce, Told

RULE_FAILED: Final = "rule_failed"

log = structlog.get_logger()


class Products:
    """Takes every record of the topic; *changed* is told of each product that may look different now."""

    def __init__(self, codec: Codec) -> None:
        """Begin empty."""
        self._codec, self._heads = codec, Heads(codec)
        self.in_force = ProductsInForce()
        self.changed: Callable[[Told], None] = lambda _: None
        self._awaited: list[tuple[EpochMillis, str, str]] = []
        self._is_awaited: set[tuple[EpochMillis, str, str]] = set()

    def apply(self, record: Any) -> None:
        """Take one Kafka record; one that does not decode is reported and passed over."""
        if record.value is None:
            shop_id, _, rest = (record.key or b"").decode(errors="replace").partition("|")
            self.in_force.forget(shop_id, rest)
            return
        try:
            told = self._told(self._heads.of(record.value), record.value)
        except TerminalError as exc:
            CHANGES.labels("undecodable").inc()
            log.error("product change undecodable", reason=exc.reason, partition=record.partition, offset=record.offset)
            return
        CHANGES.labels(told.news).inc()
        if told.news == "older":
            self.in_force.overwritten[record.key] = record.partition
        else:
            self.in_force.overwritten.pop(record.key, None)
        if told.product_ids:
            self.changed(told)

    def listing(self, shop: Shop, catalog: Catalog, product_id: str, now: EpochMillis) -> Listing | None:
        """Say what a product is in *catalog* now; None when it is not known at all."""
        value = self.in_force.value_of(shop["shop_id"], product_id)
        if value is None:
            return None
        change: ProductChange = self._codec.decode(value)
        self._note(change, now)
        try:
            return listed(change, catalog, shop, self.in_force.of(shop["shop_id"]).stock, now)
        except Exception as exc:  # a bug of ours must not stop the catalog for ever: this product waits for its repair
            log.error("product could not be listed", error=type(exc).__name__, product=product_id)
            return Listing([], [Skipped(product_id, None, None, RULE_FAILED, None, "")], [])

    def due(self, now: EpochMillis) -> list[tuple[str, str]]:
        """Take the products, with their shops, whose announced date has come."""
        found = []
        while self._awaited and self._awaited[0][0] <= now:
            awaited = heapq.heappop(self._awaited)
            self._is_awaited.discard(awaited)
            found.append(awaited[1:])
        return found

    def standing(self, key: bytes) -> bytes | None:
        """Return the record in force under a key of the topic."""
        shop_id, _, rest = key.decode(errors="replace").partition("|")
        kind, _, level = rest.partition("|")
        if kind == "inventory" and level:
            return self._level(shop_id, *level.rsplit("|", 1))
        return self.in_force.value_of(shop_id, rest)

    def _told(self, head: Head, value: bytes) -> Told:
        if head.action == "inventory":
            change: ProductChange = self._codec.decode(value)
            level = change["inventory"]
            return self._level_told(head, level) if level else Told("older", head.shop_id)
        known = self.in_force.value_of(head.shop_id, head.product_id)
        before = self._heads.of(known) if known is not None else None
        told = self.in_force.put(head, value, before)
        if told.news == "repeated" and before is not None and self._overtakes_levels(head, before, value):
            return told._replace(product_ids=(head.product_id,), received_at=head.received_at)
        return told

    def _overtakes_levels(self, head: Head, before: Head, value: bytes) -> bool:
        """Tell whether a product said anew has become newer than its stock levels: its own total counts now."""
        shop = self.in_force.of(head.shop_id)
        if not shop.levels or head.occurred_at == before.occurred_at:
            return False
        product = self._codec.decode(value)["product"]
        items = {each["inventory_item_id"] for each in product["variants"]} if product else ()
        return any(before.occurred_at <= shop.told_at(item) < head.occurred_at for item in items if item)

    def _level_told(self, head: Head, level: Inventory) -> Told:
        """Take a stock level; one said anew may become newer than its product, and count for it."""
        shop, item = self.in_force.of(head.shop_id), level["inventory_item_id"]
        holder, before = shop.holders.get(item), shop.told_at(item)
        told = self.in_force.put_level(head, level)
        value = shop.products.get(holder) if holder and told.news == "repeated" else None
        if value is not None and holder and before < self._heads.of(value).occurred_at <= shop.told_at(item):
            return told._replace(product_ids=(holder,), received_at=head.received_at)
        return told

    def _note(self, change: ProductChange, now: EpochMillis) -> None:
        """Remember whose stock counts for the product, and when its announced date comes."""
        product = change["product"]
        if product is None:
            return
        holders = self.in_force.of(change["shop_id"]).holders
        for variant in product["variants"]:
            if variant["inventory_item_id"]:
                holders[variant["inventory_item_id"]] = change["product_id"]
        if product["preorder_at"] and product["preorder_at"] > now:
            awaited = (product["preorder_at"], change["shop_id"], change["product_id"])
            if awaited not in self._is_awaited:
                self._is_awaited.add(awaited)
                heapq.heappush(self._awaited, awaited)

    def _level(self, shop_id: str, item: str, location: str = "") -> bytes | None:
        levels = self.in_force.of(shop_id).levels.get(item, ())
        known = next((each for each in levels if each[0] == location), None)
        if known is None:
            return None
        change = ProductChange(
            shop_id=shop_id,
            product_id="",
            action="inventory",
            source="catalog",
            delivery_id="",
            occurred_at=known[1],
            received_at=int(time.time() * 1000),
            product=None,
            inventory=Inventory(inventory_item_id=item, location_id=location, available=known[2]),
        )
        return self._codec.encode("ProductChange", change)
