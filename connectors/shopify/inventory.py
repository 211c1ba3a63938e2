"""A stock webhook → the record `ProductChange`.

Bodies: https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-inventory_levels/update
"""

from typing import Any

from connectors.shopify.deliveries import Delivery, to_change
from connectors.shopify.values import Count, Identifier, Moment, RestBody, validated
from schemas.records import Inventory, ProductChange


class _Level(RestBody):
    inventory_item_id: Identifier
    location_id: Identifier
    available: Count | None = None
    updated_at: Moment | None = None


def to_inventory_change(body: Any, delivery: Delivery) -> ProductChange:
    """Describe a stock level; `available` null means that stock is not tracked.

    Raises:
        TerminalError: a field is missing or of a wrong type.
    """
    level = validated(_Level, body)
    inventory = Inventory(
        inventory_item_id=level.inventory_item_id, location_id=level.location_id, available=level.available
    )
    return to_change(delivery, "", "inventory", level.updated_at, None) | {"inventory": inventory}


def to_disconnection(body: Any, delivery: Delivery) -> ProductChange:
    """Describe that an item is no longer stocked at a location: nothing of it is left there.

    Raises:
        TerminalError: a field is missing or of a wrong type.
    """
    change = to_inventory_change(body, delivery)
    level = change["inventory"]
    return change if level is None else change | {"inventory": level | {"available": 0}}
