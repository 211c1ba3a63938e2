"""Which of some products a Shopify shop has now: what a bulk operation did not list may only have been late for it."""

from collections.abc import Sequence
from typing import Final

from connectors.shopify.admin import AdminClient
from connectors.shopify.values import id_of
from schemas.errors import TransientError

_NODES: Final = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Product { id } } }"


async def existing_products(client: AdminClient, product_ids: Sequence[str]) -> set[str]:
    """Return those of *product_ids* (at most 250) that are there. Raises as `AdminClient.ask`."""
    told = await client.ask(_NODES, {"ids": [f"gid://shopify/Product/{each}" for each in product_ids]})
    nodes = told.get("nodes")
    if not isinstance(nodes, list) or len(nodes) != len(product_ids):
        raise TransientError("the shop's API answered something else")
    return {number for each in nodes if isinstance(each, dict) and (number := id_of(each.get("id"), None))}
