"""Folds changes of products and stock levels into the catalog as it is now, and finds products in it.

In: `ProductChange`s in the order of their topic (`connectors.kafka.follower`). An older change, by `occurred_at`, never
overwrites a newer one; a deleted product leaves a mark, so that an older change does not bring it back.
"""

from typing import NamedTuple

from schemas.records import EpochMillis, Product, ProductChange, Variant


class Offer(NamedTuple):
    """One variant, as far as events need it."""

    variant_id: str
    sku: str | None
    title: str | None
    price: float | None
    image_url: str | None


class Entry(NamedTuple):
    """One product. *deleted*: only its version still matters."""

    product_id: str
    version: EpochMillis
    deleted: bool
    title: str | None
    image_url: str | None
    category: str | None
    brand: str | None
    currency: str | None
    status: str
    offers: tuple[Offer, ...]


class Found(NamedTuple):
    """A product, and which of its variants was meant, if that is known."""

    entry: Entry
    offer: Offer | None


class Catalog:
    """All shops' products as they are now."""

    def __init__(self) -> None:
        """Begin empty."""
        self._products: dict[tuple[str, str], Entry] = {}
        self._by_variant: dict[tuple[str, str], tuple[str, int]] = {}
        self._by_sku: dict[tuple[str, str], tuple[str, int]] = {}
        self._stock: dict[tuple[str, str], dict[str, tuple[EpochMillis, int | None]]] = {}
        self.changes = 0
        """How often a product was changed or forgotten: while it stays, `find` finds the same."""

    def __len__(self) -> int:
        """Count the products that are not deleted."""
        return sum(not entry.deleted for entry in self._products.values())

    def apply(self, change: ProductChange) -> bool:
        """Take *change*; False when something newer is known. Of equal times the later record counts."""
        if change["action"] == "inventory":
            return self._apply_inventory(change)
        shop_id, product_id = change["shop_id"], change["product_id"]
        known = self._products.get((shop_id, product_id))
        if known is not None and known.version > change["occurred_at"]:
            return False
        product = change["product"]
        if change["action"] != "delete" and product is None:
            return False
        self.changes += 1
        entry = _deleted(change) if product is None or change["action"] == "delete" else _entry(change, product)
        self._forget_variants(shop_id, known)
        self._products[shop_id, product_id] = entry
        for number, offer in enumerate(entry.offers):
            self._by_variant[shop_id, offer.variant_id] = (product_id, number)
            if offer.sku:
                self._by_sku[shop_id, offer.sku] = (product_id, number)
        return True

    def forget(self, key: bytes) -> None:
        """Forget the product or the stock level whose record has this *key* (`shop|product`)."""
        self.changes += 1
        shop_id, _, rest = key.decode(errors="replace").partition("|")
        self._forget_variants(shop_id, self._products.pop((shop_id, rest), None))
        kind, _, level = rest.partition("|")
        if kind == "inventory":
            item, _, location = level.partition("|")
            self._stock.get((shop_id, item), {}).pop(location, None)

    def find(self, shop_id: str, variant_id: str | None, product_id: str | None, sku: str | None) -> Found | None:
        """Find the product an item means: by variant, else by product, else by SKU."""
        place = self._by_variant.get((shop_id, variant_id)) if variant_id else None
        if place is None and product_id:
            entry = self._products.get((shop_id, product_id))
            if entry is not None and not entry.deleted:
                return Found(entry, entry.offers[0] if len(entry.offers) == 1 else None)
        if place is None and sku:
            place = self._by_sku.get((shop_id, sku))
        if place is None:
            return None
        entry = self._products[shop_id, place[0]]
        return Found(entry, entry.offers[place[1]])

    def stock(self, shop_id: str, inventory_item_id: str) -> int | None:
        """Sum what is available of an inventory item over all locations; None where it is not tracked."""
        levels = [level for _, level in self._stock.get((shop_id, inventory_item_id), {}).values() if level is not None]
        return sum(levels) if levels else None

    def _apply_inventory(self, change: ProductChange) -> bool:
        level = change["inventory"]
        if level is None:
            return False
        locations = self._stock.setdefault((change["shop_id"], level["inventory_item_id"]), {})
        known = locations.get(level["location_id"])
        if known is not None and known[0] > change["occurred_at"]:
            return False
        locations[level["location_id"]] = (change["occurred_at"], level["available"])
        return True

    def _forget_variants(self, shop_id: str, known: Entry | None) -> None:
        for offer in known.offers if known is not None else ():
            _forget(self._by_variant, (shop_id, offer.variant_id), known)
            _forget(self._by_sku, (shop_id, offer.sku or ""), known)


def _forget(places: dict[tuple[str, str], tuple[str, int]], key: tuple[str, str], entry: Entry | None) -> None:
    """Drop the place *key*, unless another product has taken it over meanwhile."""
    place = places.get(key)
    if place is not None and entry is not None and place[0] == entry.product_id:
        del places[key]


def _entry(change: ProductChange, product: Product) -> Entry:
    return Entry(
        change["product_id"],
        change["occurred_at"],
        False,
        product["title"],
        product["image_url"],
        product["category"],
        product["brand"],
        product["currency"],
        product["status"],
        tuple(_offer(variant) for variant in product["variants"]),
    )


def _offer(variant: Variant) -> Offer:
    return Offer(variant["variant_id"], variant["sku"], variant["title"], variant["price"], variant["image_url"])


def _deleted(change: ProductChange) -> Entry:
    return Entry(change["product_id"], change["occurred_at"], True, None, None, None, None, None, "deleted", ())
