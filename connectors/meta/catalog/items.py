"""An item of a catalog as Meta is told it, and what did not become one.

In: what `connectors.meta.catalog.listing` describes. Out: one record of a request to `items_batch`.
https://developers.facebook.com/docs/marketing-api/reference/product-catalog/items_batch/
"""

from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from schemas.records import EpochMillis

CLEARED: Final[dict[str, Any]] = {
    "additional_image_link": [],
    "additional_variant_attribute": "",
    "color": "",
    **{f"custom_label_{number}": "" for number in range(5)},
    "gtin": "",
    "internal_label": [],
    "material": "",
    "mpn": "",
    "pattern": "",
    "product_type": "",
    "sale_price": "",
    "size": "",
}
"""Fields that an item may lose, and how they are emptied: an UPDATE leaves alone what it does not name."""


class CatalogItem(NamedTuple):
    """One item. *data* is what `items_batch` takes under that name, the id included; *warnings* are of `reasons`.

    *without*: texts that the catalog maps and that this item has none for; it may have lost them.
    """

    item_id: str
    product_id: str
    changed_at: EpochMillis
    data: dict[str, Any]
    warnings: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class Skipped(NamedTuple):
    """What was wanted and cannot be listed: the first *reason*, the *others*, and what to do about the first.

    *variant_id* is None of a whole product, *item_id* where it has none, *field* where no field of Meta's is meant.
    """

    product_id: str
    variant_id: str | None
    item_id: str | None
    reason: str
    field: str | None
    suggestion: str
    others: tuple[str, ...] = ()


class Filtered(NamedTuple):
    """What is not wanted, by which *rule* (`filters.RULES`); *variant_id* is None of a whole product."""

    variant_id: str | None
    rule: str


class Listing(NamedTuple):
    """What a product is in a catalog."""

    items: list[CatalogItem]
    skipped: list[Skipped]
    filtered: list[Filtered]


def payload(item: CatalogItem, method: str) -> bytes:
    """Write the JSON of one request record; *method* is CREATE, UPDATE or DELETE.

    An UPDATE empties what the item no longer has, or a sale would stay for ever.
    """
    if method == "DELETE":
        return deletion(item.item_id)
    told = CLEARED | dict.fromkeys(item.without, "") | item.data if method == "UPDATE" else item.data
    return orjson.dumps({"method": method, "data": told})


def deletion(item_id: str) -> bytes:
    """Write the JSON of a record that deletes the item *item_id*."""
    return orjson.dumps({"method": "DELETE", "data": {"id": item_id}})


def digest(item: CatalogItem) -> str:
    """Digest what Meta is told of *item*, in whatever order its fields stand: 16 hexadecimal digits."""
    return blake2b(orjson.dumps(item.data, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
