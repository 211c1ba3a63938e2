"""
Meta's documented rules for one item of a catalog: its fields in, what Meta would say of them out.

Sources: https://developers.facebook.com/documentation/ads-commerce/marketing-api/reference/product-catalog/items_batch
and "Catalog Fields" of Meta's commerce platform; where they differ on a length, the longer one. The wording of most of
Meta's messages is not published; only that of an unrecognised field is Meta's own.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

Fields = Mapping[str, object]

REQUIRED: Final = ("title", "description", "availability", "condition", "price", "link")
AVAILABILITIES: Final = frozenset(
    {"in stock", "out of stock", "available for order", "discontinued", "preorder", "pending", "mark_as_sold"}
)
CONDITIONS: Final = frozenset(
    {"new", "refurbished", "used", "used_like_new", "used_good", "used_fair", "cpo", "open_box_new"}
)
LENGTHS: Final = {
    "id": 100,
    "title": 200,
    "description": 9999,
    "brand": 100,
    "item_group_id": 100,
    "google_product_category": 250,
    "product_type": 750,
    "gtin": 70,
    "mpn": 100,
    "color": 200,
    "size": 200,
    "pattern": 100,
    "material": 200,
    **{f"custom_label_{number}": 100 for number in range(5)},
}
_OTHERS: Final = """
    image_link image additional_image_link sale_price sale_price_effective_date additional_variant_attribute
    fb_product_category gender age_group internal_label product_tags quantity_to_sell_on_facebook inventory shipping
    shipping_weight status visibility expiration_date rich_text_description mobile_link applink video vendor_id
    disabled_capabilities origin_country importer_name importer_address user_rating rating_count unit_price
    ordering_index previous_id custom_number_0 custom_number_1 custom_number_2 custom_number_3 custom_number_4
"""
KNOWN: Final = frozenset(LENGTHS) | frozenset(REQUIRED) | frozenset(_OTHERS.split())
_WORDS: Final = (("availability", AVAILABILITIES), ("condition", CONDITIONS))
_TAG: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE).search
_PRICE: Final = re.compile(r"\d+(\.\d+)? [A-Z]{3}\Z").match
_URL: Final = re.compile(r"https?://[^\s/]+").match


def of_request(item_id: str) -> str:
    """Say of which record of a batch something is said."""
    return f"A request for item {item_id}"


class Verdict(NamedTuple):
    """What is wrong with an item, and what is only odd."""

    errors: list[str]
    warnings: list[str]


def unrecognised(where: str, fields: Fields) -> list[str]:
    """Name the fields of *where* that Meta does not know; the others are taken."""
    names = [name for name in fields if name not in KNOWN]
    return [f"Unrecognised field: {where} contains unrecognised field: '{name}'" for name in names]


def missing(where: str, fields: Fields) -> list[str]:
    """Name the fields that a new item cannot be without and that *where* lacks."""
    names = [name for name in REQUIRED if _is_empty(fields.get(name))]
    if _is_empty(fields.get("image_link")) and _is_empty(fields.get("image")):
        names.append("image_link")
    return [f"Missing required field: {where} is missing required field: '{name}'" for name in names]


def judge(fields: Fields) -> Verdict:
    """Check the values that are there."""
    errors = [*_wrong_lengths(fields), *_wrong_words(fields), *_wrong_prices(fields), *_wrong_urls(fields)]
    return Verdict(errors, _oddities(fields))


def _is_empty(value: object) -> bool:
    return not value and value is not False and value != 0


def _wrong_lengths(fields: Fields) -> list[str]:
    return [
        f"Invalid value: The field '{name}' is longer than {LENGTHS[name]} characters"
        for name, value in fields.items()
        if name in LENGTHS and isinstance(value, str) and len(value) > LENGTHS[name]
    ]


def _wrong_words(fields: Fields) -> list[str]:
    return [
        f"Invalid value: The field '{name}' must be one of: {', '.join(sorted(known))}"
        for name, known in _WORDS
        if name in fields and str(fields[name]) not in known
    ]


def _wrong_prices(fields: Fields) -> list[str]:
    return [
        f"Invalid price: The field '{name}' must be a number, a space and an ISO 4217 currency, such as 9.99 USD"
        for name in ("price", "sale_price")
        if not _is_empty(fields.get(name)) and not _PRICE(str(fields[name]))
    ]


def _wrong_urls(fields: Fields) -> list[str]:
    return [
        f"Invalid URL: The field '{name}' must begin with http:// or https://"
        for name in ("link", "image_link")
        if name in fields and not _URL(str(fields[name]))
    ]


def _oddities(fields: Fields) -> list[str]:
    found = []
    title, description = fields.get("title"), fields.get("description")
    if isinstance(title, str) and len(title) > 1 and title.isupper():
        found.append("Title in capitals: The field 'title' should not be written in capital letters")
    if isinstance(description, str) and "<" in description and _TAG(description):
        found.append("HTML in description: The field 'description' should be plain text")
    return found
