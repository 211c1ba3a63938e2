"""Where Meta's attributes come from: a catalog's own mapping before the built-in one, each value made fit.

A source is `product.FIELD`, `variant.FIELD`, `metafield:NAME` (the variant's before the product's) or `option:NAME`.
Limits: https://developers.facebook.com/docs/marketing-api/catalog/reference/
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from connectors.meta.catalog import options
from connectors.meta.catalog.addresses import additional
from connectors.meta.catalog.texts import cut, writable
from schemas.catalog_records import FieldSource
from schemas.product_values import image_urls
from schemas.records import Product, ProductChange, Variant

MOST_LABELS: Final = 5_000
LONGEST_LABEL: Final = 110

_LONGEST: Final = {
    "brand": 100,
    "color": 100,
    "google_product_category": 250,
    "fb_product_category": 250,
    "material": 200,
    "mpn": 100,
    "pattern": 100,
    "product_type": 750,
    "size": 200,
    "vendor_id": 100,
    **{f"custom_label_{number}": 100 for number in range(5)},
}
_OTHERS: Final = """
    title description link image_link brand additional_image_link additional_variant_attribute gtin internal_label
    sale_price_effective_date shipping shipping_weight expiration_date rich_text_description mobile_link video
    origin_country importer_name importer_address user_rating rating_count unit_price ordering_index previous_id
    quantity_to_sell_on_facebook custom_number_0 custom_number_1 custom_number_2 custom_number_3 custom_number_4
"""
_LONGEST_OTHER: Final = 5_000
_ALLOWED: Final = {
    "condition": {"new", "refurbished", "used", "used_like_new", "used_good", "used_fair", "cpo", "open_box_new"},
    "gender": {"female", "male", "unisex"},
    "age_group": {"adult", "all ages", "teen", "kids", "toddler", "infant", "newborn"},
    "status": {"active", "archived"},
}
KNOWN: Final = frozenset(_LONGEST) | frozenset(_ALLOWED) | frozenset(_OTHERS.split())
"""Attributes that Meta documents; it ignores others with a warning."""
EMPTIED: Final = frozenset(_LONGEST) - {"brand"} | {"mobile_link", "rich_text_description"}
"""Texts that an empty one takes away again; of words and numbers Meta says no such thing."""

_LARGEST_NUMBER: Final = 2**32 - 1
_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_BETWEEN_DIGITS: Final = re.compile(r"[\s-]")
_LISTS: Final = frozenset({"internal_label", "additional_image_link"})


class Source(NamedTuple):
    """What values are looked up in; *variant* is None where an item is about the whole product."""

    change: ProductChange
    product: Product
    variant: Variant | None


def mapped(rule: FieldSource, source: Source) -> str | None:
    """Return the first of the rule's sources that is there, else its default."""
    found = (text for name in rule["sources"] if (text := _look_up(name, source)))
    return next(found, None) or rule["default"]


def fit(attribute: str, text: str) -> Any:
    """Return *text* as Meta takes it for *attribute*; None for what it does not take."""
    if attribute in _LISTS:
        pieces = [piece.strip() for piece in text.split(",")]
        return (labels(pieces) if attribute == "internal_label" else additional(image_urls(pieces))) or None
    if attribute == "gtin":
        return gtin(text)
    if attribute in _ALLOWED:
        word = text.strip().lower()
        return word if word in _ALLOWED[attribute] else None
    if attribute.startswith("custom_number_"):
        return _number(text)
    plain = writable(text).strip()
    return cut(plain, _LONGEST.get(attribute, _LONGEST_OTHER)) or None


def gtin(text: str) -> str | None:
    """Return the digits of a GTIN whose check digit is right (https://www.gs1.org/services/how-calculate-check-digit)."""
    digits = _BETWEEN_DIGITS.sub("", text)
    if len(digits) not in _GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()) or not int(digits):
        return None
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return digits if weighed % 10 == 0 else None


def labels(texts: list[str]) -> list[str]:
    """Return internal labels, which Meta keeps in small letters."""
    fitting = (writable(text).strip().lower()[:LONGEST_LABEL].strip() for text in texts)
    return list(dict.fromkeys(label for label in fitting if label))[:MOST_LABELS]


def _look_up(name: str, source: Source) -> str | None:
    change, product, variant = source
    if name.startswith("metafield:"):
        key = name.removeprefix("metafield:")
        return (variant["metafields"].get(key) if variant else None) or product["metafields"].get(key)
    if name.startswith("option:"):
        return options.find(variant, name.removeprefix("option:")) if variant else None
    where, _, field = name.partition(".")
    if where == "product":
        return change["product_id"] if field == "product_id" else _text(product, field)
    return _text(variant, field) if variant else None


def _text(record: Mapping[str, Any], field: str) -> str | None:
    value = record.get(field)
    if isinstance(value, list):
        return ",".join(each for each in value if isinstance(each, str)) or None
    if value is None or isinstance(value, dict):
        return None
    return str(value)


def _number(text: str) -> int | None:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        return None
    return int(digits) if int(digits) <= _LARGEST_NUMBER else None
