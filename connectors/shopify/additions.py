"""What the webhooks of a product leave out: its collections and metafields. And which shops read them."""

from collections.abc import Sequence
from typing import NamedTuple

from connectors.shopify.values import Identifier, RestBody, ShortText, Text
from schemas import product_values
from schemas.catalog_records import Catalog
from schemas.records import ProductChange, Shop


class Part(RestBody):
    """An image, a collection or a metafield of a product, told apart by its id."""

    id: Identifier
    url: Text | None = None
    title: Text | None = None
    namespace: ShortText | None = None
    key: ShortText | None = None
    value: Text | None = None


class Additions(NamedTuple):
    """A product's collections by title, and its metafields as `namespace.key`."""

    collections: list[str]
    metafields: dict[str, str]


def additions_of(parts: Sequence[Part]) -> Additions:
    """Find a product's collections and metafields among its parts."""
    fields = [(f"{each.namespace}.{each.key}", each.value or "") for each in parts if "/Metafield/" in each.id]
    return Additions(
        product_values.labels(each.title for each in parts if "/Collection/" in each.id),
        product_values.metafields(fields),
    )


def joined(change: ProductChange, additions: Additions) -> ProductChange:
    """Return an upsert with *additions* in its product."""
    product = change["product"]
    if product is None:
        return change
    return change | {"product": product | {"collections": additions.collections, "metafields": additions.metafields}}


def wants_additions(shop: Shop) -> bool:
    """Tell whether a catalog of *shop* reads them, and the shop's API may be asked. Nothing else of ours does."""
    return shop["shopify"] is not None and any(map(_reads, shop["catalogs"]))


def _reads(catalog: Catalog) -> bool:
    filters = (catalog["include"], catalog["exclude"])
    sources = [source for rule in catalog["fields"].values() for source in rule["sources"]]
    return any(each is not None and each["collections"] for each in filters) or any(
        source.startswith("metafield:") or source == "product.collections" for source in sources
    )
