"""Whole products, fetched with their variations: one that is named, or those that one may have lost a variation of.

WooCommerce sends `product.deleted` for a product, and for a variation, that goes into its bin. A variation that is
deleted for good, as its editor does, sends nothing, also not of its product, which is saved after the deliveries of
the request were planned (`wc_webhook_execute_queue` runs before `do_deferred_product_sync`). Only a webhook on the
action itself tells of it, `action.woocommerce_delete_product_variation`, and names the variation alone:
https://github.com/woocommerce/woocommerce/tree/trunk/plugins/woocommerce/includes
"""

from typing import Final

from connectors.woocommerce.bodies import Thing
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.mapping import Told, to_deletion, to_product_change
from schemas.bodies import validated
from schemas.errors import TerminalError
from schemas.records import ProductChange

RECENT_MILLIS: Final = 900_000
"""How long after it the delivery about a deletion comes; the product is as old, for it is saved with it."""
MOST_RECENT: Final = 30
"""Products fetched for one delivery."""


async def whole(client: WooClient, product_id: str, told: Told) -> ProductChange:
    """Fetch a product as it is now, or that it is gone: also into the bin. Raises as `WooClient.product`."""
    product = await client.product(product_id)
    if product is None or product.status == "trash":
        return to_deletion(product_id, told)
    return to_product_change(product, await client.variations(product_id) if product.variations else [], told)


async def lately_saved(client: WooClient, since: int, told: Told) -> list[ProductChange]:
    """Fetch the products of the kind with variations that were saved since RECENT_MILLIS before *since*.

    Raises as `WooClient.product`, and:
        TerminalError: they are more than MOST_RECENT, or none.
    """
    found: list[Thing] = []
    async for page in client.pages(modified_after=since - RECENT_MILLIS):
        found += [each for each in (validated(Thing, body) for body in page.products) if each.type == "variable"]
        if len(found) > MOST_RECENT:
            raise TerminalError("not_fetched", "variation", f"more than {MOST_RECENT} products were saved: pull")
    if not found:
        raise TerminalError("not_fetched", "variation", "no product was saved about then: pull")
    return [
        to_product_change(each, await client.variations(each.id) if each.variations else [], told) for each in found
    ]
