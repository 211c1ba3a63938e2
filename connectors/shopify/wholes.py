"""Whole products by the Admin API's plain queries: which an inventory item or a collection has, and those.

Products come as `connectors.shopify.bulk` takes them: each with its parts behind it. Queries are sized so that none
costs more than the 1,000 points that Shopify allows: https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from connectors.shopify.additions import Additions, Part, additions_of
from connectors.shopify.admin import AdminClient
from connectors.shopify.bulk import HEAD, PARTS
from connectors.shopify.values import validated
from schemas.errors import TerminalError, TransientError

MOST_MEMBERS: Final = 250
"""Of a collection: as many as one page of Shopify's holds."""
TOGETHER: Final = 5
"""Products that one query asks for."""
_FIRST: Final = {"images": 5, "collections": 10, "metafields": 10, "variants": 20}
_ADDITIONS: Final = {"collections": 20, "metafields": 20}
_MORE: Final = 150
_PAGE: Final = "pageInfo { hasNextPage endCursor }"
_ITEM: Final = "query ($id: ID!) { inventoryItem(id: $id) { variants(first: 5) { nodes { product { id } } } } }"
_MEMBERS: Final = (
    f"query ($id: ID!) {{ collection(id: $id) {{ products(first: {MOST_MEMBERS}) {{ nodes {{ id }} {_PAGE} }} }} }}"
)

Whole = list[dict[str, Any]]
"""A product and its parts, flat."""
_Read = TypeVar("_Read")


async def products_of_item(client: AdminClient, item_id: str) -> list[str]:
    """Name the product that an inventory item belongs to; none where it is gone. Raises as `AdminClient.ask`."""
    asked = await client.ask(_ITEM, {"id": f"gid://shopify/InventoryItem/{item_id}"})
    item = _read(lambda: asked["inventoryItem"] or {"variants": {"nodes": []}})
    return _read(lambda: list(dict.fromkeys(each["product"]["id"] for each in item["variants"]["nodes"])))


async def products_in(client: AdminClient, collection_id: str) -> list[str]:
    """Name the products of a collection; none where it is gone.

    Raises:
        TerminalError: there are more than `MOST_MEMBERS`; and as `AdminClient.ask`.
    """
    asked = await client.ask(_MEMBERS, {"id": f"gid://shopify/Collection/{collection_id}"})
    if _read(lambda: asked["collection"]) is None:
        return []
    nodes, after = _page(asked["collection"], "products")
    if after is not None:
        raise TerminalError("not_fetched", "collection", f"more than {MOST_MEMBERS} products: pull the whole shop")
    return _read(lambda: [each["id"] for each in nodes])


async def wholes(client: AdminClient, product_ids: Sequence[str]) -> list[Whole]:
    """Fetch up to `TOGETHER` products with all their parts; left out are those that are gone.

    Raises as `AdminClient.ask`.
    """
    asked = await client.ask(_NODES, {"ids": list(product_ids)})
    products = _read(lambda: [each for each in asked["nodes"] if each])
    return [await _completed(client, product, PARTS) for product in products]


async def additions(client: AdminClient, product_id: str) -> Additions | None:
    """Fetch a product's collections and metafields alone; None where it is gone.

    Raises:
        TerminalError: a part is of a wrong type; and as `AdminClient.ask`.
    """
    asked = await client.ask(_OF_ONE, {"id": f"gid://shopify/Product/{product_id}"})
    if (product := _read(lambda: asked["node"])) is None:
        return None
    whole = await _completed(client, product, _ADDITIONS)
    return additions_of([validated(Part, each) for each in whole[1:]])


async def _completed(client: AdminClient, product: dict[str, Any], names: Iterable[str]) -> Whole:
    """Put the parts of these *names* behind the product, also those that are on further pages."""
    whole = [_read(lambda: {"id": product["id"]} | {name: product[name] for name in product if name not in PARTS})]
    for name in names:
        told: dict[str, Any] | None = product
        while told is not None:
            nodes, after = _page(told, name)
            whole += nodes
            if after is None:
                break
            # None where the product was deleted meanwhile, which a webhook of its own tells.
            told = (await client.ask(_more_of(name), {"id": whole[0]["id"], "after": after})).get("node")
    return whole


def _page(thing: dict[str, Any], name: str) -> tuple[list[dict[str, Any]], str | None]:
    """Return what is on a page, and behind what the next one begins."""

    def read() -> tuple[list[dict[str, Any]], str | None]:
        page = thing[name]
        return list(page["nodes"]), page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None

    return _read(read)


def _more_of(name: str) -> str:
    page = f"{name}(first: {_MORE}, after: $after) {{ nodes {{ {PARTS[name]} }} {_PAGE} }}"
    return f"query ($id: ID!, $after: String) {{ node(id: $id) {{ ... on Product {{ {page} }} }} }}"


def _read(read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except (AttributeError, KeyError, TypeError):
        raise TransientError("the shop's API answered something else") from None


def _pages(first: Mapping[str, int]) -> str:
    return " ".join(f"{name}(first: {most}) {{ nodes {{ {PARTS[name]} }} {_PAGE} }}" for name, most in first.items())


_NODES: Final = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Product {{ {HEAD} {_pages(_FIRST)} }} }} }}"
_OF_ONE: Final = f"query ($id: ID!) {{ node(id: $id) {{ ... on Product {{ id {_pages(_ADDITIONS)} }} }} }}"
