"""Whether something can be bought, and how many of it there are.

Stock is summed over the catalog's locations (all, if it names none) less the safety stock. While no level of a variant
is known, what the product told counts. What the shop does not count, or sells without stock, is in stock.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, NamedTuple

from schemas.catalog_records import Catalog
from schemas.records import EpochMillis, Product, Variant

Stock = Callable[[str], Mapping[str, int | None]]
"""Inventory item → location → how many are available there; None where they are not counted."""

Availability = Literal["in stock", "available for order", "out of stock", "discontinued"]
_BEST_FIRST: Final[tuple[Availability, ...]] = ("in stock", "available for order", "out of stock", "discontinued")


class Stocked(NamedTuple):
    """*quantity* is None where nobody counts."""

    availability: Availability
    quantity: int | None


def of_variant(variant: Variant, product: Product, catalog: Catalog, stock: Stock, now: EpochMillis) -> Stocked:
    """Say whether *variant* can be bought at *now* (milliseconds)."""
    counted = None if variant["inventory_tracked"] is False else _counted(variant, catalog, stock)
    quantity = None if counted is None else max(0, counted - catalog["safety_stock"])
    if product["status"] == "archived":
        return Stocked("discontinued", quantity)
    if variant["available"] is False:
        return Stocked("out of stock", quantity)
    if product["preorder_at"] is not None and product["preorder_at"] > now:
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


def _counted(variant: Variant, catalog: Catalog, stock: Stock) -> int | None:
    item = variant["inventory_item_id"]
    levels = stock(item) if item else {}
    if not levels:
        return variant["inventory_quantity"]
    if all(level is None for level in levels.values()):
        return None
    wanted = catalog["locations"]
    return sum(level for place, level in levels.items() if level is not None and (not wanted or place in wanted))
