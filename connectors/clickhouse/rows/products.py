"""Catalog changes become rows of `products` and `inventory_levels`."""

from typing import Final

from connectors.clickhouse.rows.values import Row, amount
from schemas.records import Inventory, Product, ProductChange, Variant

PRODUCT_COLUMNS: Final = (
    *("shop_id", "product_id", "variant_id", "changed_at", "received_at", "action", "source"),
    *("title", "handle", "url", "status", "brand", "category", "tags", "currency"),
    *("variant_title", "sku", "barcode", "price", "compare_at_price", "inventory_item_id", "inventory_quantity"),
    *("image_url", "options"),
)
INVENTORY_COLUMNS: Final = (*("shop_id", "inventory_item_id", "location_id", "changed_at", "received_at", "available"),)

_NO_PRODUCT: Final[Row] = ["", "", "", "", "", "", [], ""]
_NO_VARIANT: Final[Row] = ["", "", "", None, None, "", None]


def product_rows(change: ProductChange) -> list[Row]:
    """Write one row per variant; one without variant for a delete, or a product that has none."""
    product = change["product"]
    told = _NO_PRODUCT if product is None else _product(product)
    image = "" if product is None else product["image_url"] or ""
    variants: list[Variant] = product["variants"] if product else []
    if not variants:
        return [[*_change(change, ""), *told, *_NO_VARIANT, image, {}]]
    return [
        [
            *_change(change, variant["variant_id"]),
            *told,
            *_variant(variant),
            variant["image_url"] or image,
            variant["options"],
        ]
        for variant in variants
    ]


def inventory_row(change: ProductChange, inventory: Inventory) -> Row:
    """Write one stock level."""
    return [
        change["shop_id"],
        inventory["inventory_item_id"],
        inventory["location_id"],
        change["occurred_at"] / 1000,
        change["received_at"] / 1000,
        inventory["available"],
    ]


def _change(change: ProductChange, variant_id: str) -> Row:
    return [
        change["shop_id"],
        change["product_id"],
        variant_id,
        change["occurred_at"] / 1000,
        change["received_at"] / 1000,
        change["action"],
        change["source"],
    ]


def _product(product: Product) -> Row:
    return [
        product["title"] or "",
        product["handle"] or "",
        product["url"] or "",
        product["status"],
        product["brand"] or "",
        product["category"] or "",
        product["tags"],
        product["currency"] or "",
    ]


def _variant(variant: Variant) -> Row:
    return [
        variant["title"] or "",
        variant["sku"] or "",
        variant["barcode"] or "",
        amount(variant["price"]),
        amount(variant["compare_at_price"]),
        variant["inventory_item_id"] or "",
        variant["inventory_quantity"],
    ]
