"""Stock levels of a bulk operation: what is available of each item at each location → the record `ProductChange`.

An operation of its own: the one for products has as many connections as Shopify allows, and levels lie deeper.
https://shopify.dev/docs/api/admin-graphql/latest/objects/InventoryLevel
"""

from typing import Any, Final

from connectors.shopify.values import Count, Identifier, Moment, RestBody, ShortText, id_of, validated
from schemas.errors import TerminalError
from schemas.records import EpochMillis, Inventory, ProductChange, Shop

AVAILABLE: Final = "available"
_LEVEL: Final = f'id updatedAt item {{ id tracked }} quantities(names: ["{AVAILABLE}"]) {{ name quantity }}'


class _Item(RestBody):
    id: Identifier
    tracked: bool | None = None


class _Quantity(RestBody):
    name: ShortText | None = None
    quantity: Count | None = None


class _Level(RestBody):
    id: Identifier
    updatedAt: Moment | None = None
    item: _Item
    quantities: list[_Quantity]


def query_of_levels(since: str | None) -> str:
    """Write the query for all levels of all locations, or those updated at or after *since* (ISO 8601)."""
    found = f"(query: \"updated_at:>='{since}'\")" if since else ""
    return (
        f"{{ locations {{ edges {{ node {{ id inventoryLevels{found} {{ edges {{ node {{ {_LEVEL} }} }} }} }} }} }} }}"
    )


def is_level(line: dict[str, Any]) -> bool:
    """Tell whether a line of the operation's file is a level, not a location."""
    return "/InventoryLevel/" in line["id"]


def to_level_change(line: dict[str, Any], shop: Shop, told_at: EpochMillis) -> ProductChange:
    """Describe a level; without a number where Shopify does not count the item.

    Raises:
        TerminalError: a field is missing or of a wrong type.
    """
    level = validated(_Level, line)
    item_id, location_id = id_of(level.item.id, None), id_of(line.get("__parentId"), None)
    if item_id is None or location_id is None:
        raise TerminalError("missing_field", "item.id" if item_id is None else "location")
    counted = [each.quantity for each in level.quantities if each.name == AVAILABLE]
    if not counted:
        raise TerminalError("missing_field", "quantities")
    available = None if level.item.tracked is False else counted[0]
    return ProductChange(
        shop_id=shop["shop_id"],
        product_id="",
        action="inventory",
        source="shopify",
        delivery_id=f"pull:{told_at}",
        occurred_at=level.updatedAt or told_at,
        received_at=told_at,
        product=None,
        inventory=Inventory(inventory_item_id=item_id, location_id=location_id, available=available),
    )
