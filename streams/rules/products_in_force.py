"""Every shop's products as they are now, each as the bytes that told it; stock levels by item and location.

In: the records of `products.changed` in order. An older change, by `occurred_at`, never overwrites a newer one; where
one stands behind a newer one, compaction would keep the older, so the key is noted to be said again. A deleted product
stays as the record that deleted it.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from connectors.meta.catalog.availability import Stand
from schemas.heads import Head
from schemas.records import EpochMillis, Inventory

News = Literal[
    # It says something else than before.
    "changed",
    # It says the same once more.
    "repeated",
    # Something newer is known.
    "older",
]

Level = tuple[str, EpochMillis, int | None]
"""Location, version, available."""

_NO_LEVELS: Final[Mapping[str, Stand]] = {}


class Told(NamedTuple):
    """What one record meant. *product_ids*: whose items may look different now."""

    news: News
    shop_id: str
    product_ids: tuple[str, ...] = ()
    received_at: EpochMillis = 0


class ShopProducts:
    """The products of one shop."""

    __slots__ = ("holders", "levels", "products")

    def __init__(self) -> None:
        """Begin without any."""
        self.products: dict[str, bytes] = {}
        self.levels: dict[str, tuple[Level, ...]] = {}
        self.holders: dict[str, str] = {}
        """Inventory item -> its product, of products that were looked at."""

    def stock(self, inventory_item_id: str) -> Mapping[str, Stand]:
        """Return what is available of an item, by location."""
        return stands(self.levels.get(inventory_item_id, ()))

    def told_at(self, inventory_item_id: str) -> EpochMillis:
        """Return when the newest stock level of an item was told; 0 where none is known."""
        return max((told_at for _, told_at, _ in self.levels.get(inventory_item_id, ())), default=0)


class ProductsInForce:
    """All shops' products. `put` and `put_level` take records that decoded."""

    def __init__(self) -> None:
        """Begin empty."""
        self._shops: dict[str, ShopProducts] = {}
        self.overwritten: dict[bytes, int] = {}
        """Key -> partition, where an older state stands behind the one in force."""

    def __len__(self) -> int:
        """Count products, the deleted ones too."""
        return sum(len(shop.products) for shop in self._shops.values())

    def of(self, shop_id: str) -> ShopProducts:
        """Return the products of a shop; of an unknown one, none."""
        found = self._shops.get(shop_id)
        if found is None:
            found = self._shops[sys.intern(shop_id)] = ShopProducts()
        return found

    def put(self, head: Head, value: bytes, known: Head | None) -> Told:
        """Take a product's upsert or deletion; *known* is the head of what `value_of` has of it."""
        if known is not None and known.occurred_at > head.occurred_at:
            return Told("older", head.shop_id)
        products = self.of(head.shop_id).products
        before = products.get(head.product_id)
        products[head.product_id] = value
        if before is not None and known is not None and _same(before, known, value, head):
            return Told("repeated", head.shop_id)
        return Told("changed", head.shop_id, (head.product_id,), head.received_at)

    def put_level(self, head: Head, level: Inventory) -> Told:
        """Take a stock level."""
        shop, item = self.of(head.shop_id), level["inventory_item_id"]
        location, levels = level["location_id"], shop.levels.get(item, ())
        known = next((each for each in levels if each[0] == location), None)
        if known is not None and known[1] > head.occurred_at:
            return Told("older", head.shop_id)
        others = tuple(each for each in levels if each[0] != location)
        shop.levels[item] = (*others, (sys.intern(location), head.occurred_at, level["available"]))
        if known is not None and known[2] == level["available"]:
            return Told("repeated", head.shop_id)
        holder = shop.holders.get(item)
        return Told("changed", head.shop_id, (holder,) if holder else (), head.received_at)

    def forget(self, shop_id: str, rest: str) -> None:
        """Forget the product or stock level with the key *shop_id*|*rest*: compaction has."""
        shop = self.of(shop_id)
        shop.products.pop(rest, None)
        kind, _, level = rest.partition("|")
        if kind == "inventory":
            item, _, location = level.partition("|")
            left = tuple(each for each in shop.levels.pop(item, ()) if each[0] != location)
            if left:
                shop.levels[item] = left

    def value_of(self, shop_id: str, product_id: str) -> bytes | None:
        """Return the record of a product."""
        return self.of(shop_id).products.get(product_id)

    def knows(self, shop_id: str, product_id: str) -> bool:
        """Tell whether anything was ever said of a product; also that it was deleted."""
        return product_id in self.of(shop_id).products

    def ids(self, shop_id: str) -> Iterator[str]:
        """Yield the ids of a shop's products as they are now, the deleted ones too."""
        return iter(list(self.of(shop_id).products))


def _same(before: bytes, known: Head, value: bytes, head: Head) -> bool:
    """Tell whether both say the same of the product, whenever and however they were told."""
    told = (known.action, known.source) == (head.action, head.source)
    return told and before[:5] == value[:5] and before[known.body :] == value[head.body :]


def stands(levels: Sequence[Level]) -> Mapping[str, Stand]:
    """Say levels by location."""
    return {location: Stand(available, told_at) for location, told_at, available in levels} if levels else _NO_LEVELS
