"""
Meta's documented rules for `custom_data`: values, currencies, contents. Free custom properties pass.

Source: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/custom-data
Numbers may be strings ("142.52", as in Meta's own examples), and lists may be JSON in a string (as Meta's own
WooCommerce plugin sends them).
"""

import math
from collections.abc import Mapping
from typing import Final

import orjson

from deploy.servers.meta.graph import PURCHASE_WITHOUT_VALUE, GraphError, invalid

CONTENT_TYPES: Final = frozenset({"product", "product_group"})
DELIVERY_CATEGORIES: Final = frozenset({"in_store", "curbside", "home_delivery"})
NUMBERS: Final = ("value", "predicted_ltv", "net_revenue", "num_items")
STRINGS: Final = ("content_name", "content_category", "search_string")


def check_purchase(custom: Mapping[str, object]) -> None:
    """
    Check that a purchase says how much, and in which currency.

    Raises:
        GraphError: 100/2804009.
    """
    if custom.get("value") in (None, "") or custom.get("currency") in (None, ""):
        raise invalid(
            "A Purchase needs custom_data.value and custom_data.currency",
            subcode=PURCHASE_WITHOUT_VALUE,
        )


def check_custom_data(custom: Mapping[str, object]) -> None:
    """
    Check the documented fields of *custom* that are present.

    Raises:
        GraphError: code 100.
    """
    for field in NUMBERS:
        if custom.get(field) is not None and not _is_number(custom[field]):
            raise _wrong(field, "a number")
    for field in STRINGS:
        if custom.get(field) is not None and not isinstance(custom[field], str):
            raise _wrong(field, "a string")
    order = custom.get("order_id")
    if order is not None and not isinstance(order, str):
        raise _wrong("order_id", "a string")
    _check_choices(custom)
    if custom.get("content_ids") is not None:
        _check_content_ids(_listed(custom["content_ids"]))
    if custom.get("contents") is not None:
        _check_contents(_listed(custom["contents"]))


def _check_choices(custom: Mapping[str, object]) -> None:
    currency = custom.get("currency")
    if currency is not None and not _is_currency(currency):
        raise _wrong("currency", "an ISO 4217 code")
    if custom.get("content_type") not in (None, *CONTENT_TYPES):
        raise _wrong("content_type", "product or product_group")
    if custom.get("delivery_category") not in (None, *DELIVERY_CATEGORIES):
        raise _wrong("delivery_category", "in_store, curbside or home_delivery")


def _check_content_ids(ids: list[object]) -> None:
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in ids):
        raise _wrong("content_ids", "a list of strings")


def _check_contents(contents: list[object]) -> None:
    for content in contents:
        if not isinstance(content, Mapping) or content.get("id") in (None, ""):
            raise _wrong("contents", "a list of objects with an id")
        for field in ("quantity", "item_price"):
            if content.get(field) is not None and not _is_number(content[field]):
                raise _wrong(f"contents.{field}", "a number")
        if content.get("delivery_category") not in (None, *DELIVERY_CATEGORIES):
            raise _wrong("contents.delivery_category", "in_store, curbside or home_delivery")


def _listed(value: object) -> list[object]:
    if isinstance(value, str) and value.startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise _wrong("contents", "JSON") from None
    return value if isinstance(value, list) else [value]


def _is_currency(value: object) -> bool:
    return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha()


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _wrong(field: str, expected: str) -> GraphError:
    return invalid(f"custom_data.{field} must be {expected}")
