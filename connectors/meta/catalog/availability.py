"""Whether something can be bought, and how many of it there are.

Stock is summed over the catalog's locations, or over all, less the safety stock. A shop tells levels one location at a
time and some never, so over all locations the product's own total counts unless a level is newer. What the shop does
not count, or sells without stock, is in stock.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, NamedTuple

from schemas.catalog_records import Catalog
from schemas.records import EpochMillis, Product, Variant


class Stand(NamedTuple):
    """A stock level: None where it is not counted; and when that was said."""

    available: int | None
    told_at: EpochMillis


Stock = Callable[[str], Mapping[str, Stand]]
"""Inventory item → location → how its stock stands there."""


class Counting(NamedTuple):
    """By whose settings stock is counted, with which levels, *now*; and when the product was told."""

    catalog: Catalog
    stock: Stock
    now: EpochMillis
    told_at: EpochMillis


Availability = Literal["in stock", "available for order", "out of stock", "discontinued"]
_BEST_FIRST: Final[tuple[Availability, ...]] = ("in stock", "available for order", "out of stock", "discontinued")


class Stocked(NamedTuple):
    """*quantity* is None where nobody counts."""

    availability: Availability
    quantity: int | None


def of_variant(variant: Variant, product: Product, counting: Counting) -> Stocked:
    """Say whether *variant* can be bought now."""
    counted = None if variant["inventory_tracked"] is False else _counted(variant, counting)
    quantity = None if counted is None else max(0, counted - counting.catalog["safety_stock"])
    if product["status"] == "archived":
        return Stocked("discontinued", quantity)
    if variant["available"] is False:
        return Stocked("out of stock", quantity)
    if product["preorder_at"] is not None and product["preorder_at"] > counting.now:
        return Stocked("available for order", None)
    if quantity == 0 and not variant["backorders"]:
        return Stocked("out of stock", 0)
    return Stocked("in stock", None if variant["backorders"] else quantity)


def of_parent(stocked: Iterable[Stocked]) -> Stocked:
    """Say whether any of the variants can be bought, and how many there are of all; None if one is not counted."""
    each = list(stocked)
    best = min((one.availability for one in each), key=_BEST_FIRST.index)
    quantities = [one.quantity for one in each if one.availability == best]
    known = [quantity for quantity in quantities if quantity is not None]
    return Stocked(best, sum(known) if len(known) == len(quantities) else None)


def _counted(variant: Variant, counting: Counting) -> int | None:
    item, total = variant["inventory_item_id"], variant["inventory_quantity"]
    levels = counting.stock(item) if item else {}
    if not levels:
        return total
    if all(level.available is None for level in levels.values()):
        return None
    wanted = counting.catalog["locations"]
    if not wanted and total is not None and all(level.told_at < counting.told_at for level in levels.values()):
        return total
    return sum(level.available or 0 for place, level in levels.items() if not wanted or place in wanted)
