"""A product as a catalog lists it: an item for each variant, or one for the product, or the reason why there is none.

Pure. In: a product in force, the catalog's and the shop's settings, the stock levels. Out: a `Listing`.
`storestream catalogs preview` shows it; the process `catalog` and the feeds send it.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from connectors.meta.catalog import addresses, availability, filters, prices, reasons
from connectors.meta.catalog.availability import Counting, Stock, Stocked
from connectors.meta.catalog.contents import described
from connectors.meta.catalog.fields import EMPTIED
from connectors.meta.catalog.items import CatalogItem, Filtered, Listing, Skipped
from connectors.meta.catalog.subjects import Subject
from connectors.meta.content_ids import template
from schemas.catalog_records import Catalog
from schemas.records import EpochMillis, Item, Product, ProductChange, Shop, Variant

LONGEST_ID: Final = 100


class _Told(NamedTuple):
    change: ProductChange
    product: Product
    catalog: Catalog
    shop: Shop


def listed(change: ProductChange, catalog: Catalog, shop: Shop, stock: Stock, now: EpochMillis) -> Listing:
    """Say what the product of *change* is in *catalog* at *now* (milliseconds); a stock level or deletion is nothing.

    Raises:
        ConfigurationError: the catalog's template names a field there is not.
    """
    product = change["product"]
    if change["action"] != "upsert" or product is None:
        return Listing([], [], [])
    if rule := filters.of_product(product, catalog):
        return Listing([], [], [Filtered(None, rule)])
    told = _Told(change, product, catalog, shop)
    counting = Counting(catalog, stock, now, change["occurred_at"])
    wanted, filtered = [], []
    for variant in product["variants"]:
        if rule := filters.of_variant(variant, catalog):
            filtered.append(Filtered(variant["variant_id"], rule))
        else:
            wanted.append((variant, availability.of_variant(variant, product, counting)))
    if not product["variants"]:
        return Listing([], [_skipped(told, None, None, ["no_variants"])], [])
    subjects = _parent(told, wanted) if catalog["variants"] == "parent" else _each(told, wanted)
    return _listing(told, subjects, filtered)


def _listing(told: _Told, subjects: Iterator[Subject], filtered: list[Filtered]) -> Listing:
    items: dict[str, CatalogItem] = {}
    skipped: list[Skipped] = []
    for subject in subjects:
        variant_id = None if subject.is_parent else subject.variant["variant_id"]
        if subject.stocked.availability == "out of stock" and not told.catalog["sold_out"]:
            filtered.append(Filtered(variant_id, "sold_out"))
            continue
        item_id = _item_id(told, subject)
        data, warnings, problems = described(subject)
        if wrong := _wrong_id(told, item_id, items):
            problems.insert(0, wrong)
        if problems or item_id is None:
            skipped.append(_skipped(told, variant_id, item_id, problems))
        else:
            items[item_id] = _item(told, item_id, data, warnings)
    return Listing(list(items.values()), skipped, filtered)


def _item(told: _Told, item_id: str, data: dict[str, Any], warnings: list[str]) -> CatalogItem:
    change = told.change
    without = tuple(name for name in told.catalog["fields"] if name in EMPTIED and name not in data)
    return CatalogItem(
        item_id, change["product_id"], change["occurred_at"], {"id": item_id} | data, tuple(warnings), without
    )


def _each(told: _Told, wanted: list[tuple[Variant, Stocked]]) -> Iterator[Subject]:
    common = addresses.of_product(told.product)
    for variant, stocked in wanted:
        pictures = addresses.of_variant(variant, told.product, common)
        yield Subject(told.change, told.product, variant, told.catalog, told.shop, stocked, pictures, is_parent=False)


def _parent(told: _Told, wanted: list[tuple[Variant, Stocked]]) -> Iterator[Subject]:
    """Stand for the product: its price is the lowest that can be paid now, else the lowest."""
    if not wanted:
        return
    stocked = availability.of_parent(each for _, each in wanted)
    variants = [variant for variant, each in wanted if each.availability == stocked.availability]
    cheapest = min(variants, key=lambda variant: _price_order(told, variant))
    pictures = addresses.of_parent(told.product)
    yield Subject(told.change, told.product, cheapest, told.catalog, told.shop, stocked, pictures, is_parent=True)


def _price_order(told: _Told, variant: Variant) -> tuple[bool, float]:
    """Order by what is paid; what has no price that can be said comes last."""
    unsaid = prices.of_variant(variant, told.product, told.shop).reason is not None
    return unsaid, 0.0 if unsaid else variant["price"] or 0.0


def _item_id(told: _Told, subject: Subject) -> str | None:
    """Name the item by the very code that names the products of events."""
    named = Item(
        product_id=told.change["product_id"],
        variant_id=None if subject.is_parent else subject.variant["variant_id"],
        sku=None if subject.is_parent else subject.variant["sku"],
        title=None,
        variant_title=None,
        vendor=None,
        category=None,
        price=None,
        quantity=1,
        currency=None,
        image_url=None,
    )
    return template(told.catalog["id_template"]).fill(named, None, told.shop["country"])


def _wrong_id(told: _Told, item_id: str | None, items: dict[str, CatalogItem]) -> str | None:
    if item_id is None:
        return (
            "missing_sku"
            if told.shop["country"] or "{country}" not in told.catalog["id_template"]
            else "missing_country"
        )
    if item_id != item_id.strip() or not item_id.isprintable():
        return "bad_id"
    if len(item_id) > LONGEST_ID:
        return "long_id"
    return "duplicate_id" if item_id in items else None


def _skipped(told: _Told, variant_id: str | None, item_id: str | None, problems: list[str]) -> Skipped:
    first, *others = problems
    entry = reasons.REASONS[first]
    return Skipped(told.change["product_id"], variant_id, item_id, first, entry.field, entry.suggestion, tuple(others))
