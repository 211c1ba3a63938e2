"""Stock by location of BigCommerce's inventory API → records `ProductChange`.

https://developer.bigcommerce.com/docs/rest-management/inventory/items; the token needs `store_inventory_read_only`.
"""

from collections.abc import Iterable, Iterator

from connectors.bigcommerce.bodies import InventoryBody, ProductBody
from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.mapping import Asked, item_of
from schemas.records import Inventory, ProductChange

BY_PRODUCT = "product"


async def levels_of(client: BigCommerceClient, products: Iterable[ProductBody], asked: Asked) -> list[ProductChange]:
    """Fetch the levels of *products*. Raises as `BigCommerceClient.inventory`."""
    counted = {each.id: each.inventory_tracking == BY_PRODUCT for each in products if each.inventory_tracking != "none"}
    stocked = await client.inventory(list(counted)) if counted else []
    return [change for each in stocked for change in _changes(each, asked, counted)]


def _changes(stocked: InventoryBody, asked: Asked, counted: dict[str, bool]) -> Iterator[ProductChange]:
    product_id, variant_id = stocked.identity.product_id, stocked.identity.variant_id
    item = item_of(product_id or "", variant_id, by_product=counted.get(product_id or "", False))
    if item is None or product_id not in counted:
        return
    for place in stocked.locations or ():
        available = place.available_to_sell if place.location_enabled is not False else 0
        yield ProductChange(
            shop_id=asked.shop["shop_id"],
            product_id="",
            action="inventory",
            source="bigcommerce",
            delivery_id=asked.delivery_id,
            occurred_at=asked.asked_at,
            received_at=asked.asked_at,
            product=None,
            inventory=Inventory(inventory_item_id=item, location_id=place.location_id, available=available),
        )
