"""An item's fields as a file carries them: texts, in the order of `columns`.

Which form a list has is documented for CSV (JSON) and for pictures (commas); in XML a list's field is repeated.
https://developers.facebook.com/documentation/ads-commerce/catalog/reference
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from connectors.meta.catalog.texts import writable
from schemas.catalog_records import Catalog

_FIRST: Final = ("id", "title", "description", "availability", "condition", "price", "link", "image_link", "brand")
_FURTHER: Final = (
    "additional_image_link",
    "additional_variant_attribute",
    "color",
    "gtin",
    "internal_label",
    "item_group_id",
    "material",
    "pattern",
    "product_type",
    "quantity_to_sell_on_facebook",
    "sale_price",
    "size",
    "status",
)
PICTURES: Final = "additional_image_link"


def columns(catalog: Catalog) -> list[str]:
    """List every field that an item of *catalog* can have."""
    built_in = (*_FIRST, *_FURTHER)
    return [*built_in, *sorted(set(catalog["fields"]).difference(built_in))]


def texts(data: Mapping[str, Any], name: str) -> list[str]:
    """Return the field *name* of an item as texts: none where it is empty, several of a list."""
    value = data.get(name)
    if isinstance(value, list):
        listed = [writable(str(each)) for each in value]
        return [",".join(listed)] if name == PICTURES and listed else listed
    return [] if value is None or value == "" else [writable(str(value))]


def cell(data: Mapping[str, Any], name: str) -> str:
    """Return the field *name* of an item as one text."""
    value = data.get(name)
    if isinstance(value, list) and value and name != PICTURES:
        return orjson.dumps([writable(str(each)) for each in value]).decode()
    return "".join(texts(data, name))
