"""Products for the stand-ins to begin with: the demo shop's, as each system tells them."""

import random
from datetime import UTC, datetime
from typing import Any, Final

from deploy.demo.catalogue import Product, a_catalogue, to_webhook

SEED: Final = 7
"""The demo's own: the first products are the demo shop's."""

Things = dict[int, dict[str, Any]]


def shopify_products(size: int, at: datetime) -> Things:
    """Tell *size* products as `products/create` does, by id."""
    return {each.product_id: to_webhook(each, at) for each in catalogue(size)}


def woo_products(size: int, at: datetime) -> Things:
    """Tell *size* simple products as WooCommerce's REST API does, by id."""
    return {each.product_id: _woo_product(each, at) for each in catalogue(size)}


def bigcommerce_products(size: int, at: datetime) -> Things:
    """Tell *size* products of one variant as BigCommerce's catalog API does, by id."""
    return {each.product_id: _bigcommerce_product(each, at) for each in catalogue(size)}


def bulk_lines(products: Things) -> list[dict[str, Any]]:
    """Tell products as the lines of a bulk operation's file: each part behind its product."""
    return [line for product in products.values() for line in _lines(product)]


def catalogue(size: int) -> list[Product]:
    """Make the first *size* products of the demo shop."""
    return a_catalogue(random.Random(SEED))[:size]  # noqa: S311 - a story, not a secret


def _lines(product: dict[str, Any]) -> list[dict[str, Any]]:
    gid = product["admin_graphql_api_id"]
    option = product["options"][0]["name"]
    head = {
        "id": gid,
        "title": product["title"],
        "descriptionHtml": product["body_html"],
        "handle": product["handle"],
        "status": product["status"].upper(),
        "vendor": product["vendor"],
        "productType": product["product_type"],
        "tags": product["tags"].split(", "),
        "onlineStoreUrl": None,
        "updatedAt": product["updated_at"],
    }
    images = [
        {"id": f"gid://shopify/ProductImage/{product['id']}{number}", "url": each["src"], "__parentId": gid}
        for number, each in enumerate(product["images"])
    ]
    return [head, *images, *(_variant_line(each, gid, option) for each in product["variants"])]


def _variant_line(variant: dict[str, Any], gid: str, option: str) -> dict[str, Any]:
    return {
        "id": variant["admin_graphql_api_id"],
        "title": variant["title"],
        "sku": variant["sku"],
        "price": variant["price"],
        "compareAtPrice": variant["compare_at_price"],
        "inventoryQuantity": variant["inventory_quantity"],
        "inventoryPolicy": "DENY",
        "selectedOptions": [{"name": option, "value": variant["option1"]}],
        "inventoryItem": {
            "id": f"gid://shopify/InventoryItem/{variant['inventory_item_id']}",
            "tracked": variant.get("tracked", True),
        },
        "__parentId": gid,
    }


def _woo_product(product: Product, at: datetime) -> dict[str, Any]:
    variant, stamp = product.variants[0], at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "id": product.product_id,
        "name": product.title,
        "slug": product.handle,
        "permalink": f"https://woo.example/product/{product.handle}/",
        "date_modified_gmt": stamp,
        "type": "simple",
        "status": "publish",
        "description": f"<p>{product.title} by {product.brand}.</p>",
        "sku": variant.sku,
        "price": f"{variant.price:.2f}",
        "regular_price": f"{variant.price:.2f}",
        "sale_price": "",
        "manage_stock": True,
        "stock_quantity": 7,
        "stock_status": "instock",
        "categories": [{"id": 9, "name": product.kind}],
        "images": [{"src": f"https://woo.example/{product.handle}.jpg"}],
        "attributes": [{"name": "Brand", "options": [product.brand]}],
        "variations": [],
    }


def _bigcommerce_product(product: Product, at: datetime) -> dict[str, Any]:
    variant = product.variants[0]
    sold = {"id": variant.variant_id, "product_id": product.product_id, "sku": variant.sku, "price": variant.price}
    return {
        "id": product.product_id,
        "name": product.title,
        "sku": variant.sku,
        "description": f"<p>{product.title} by {product.brand}.</p>",
        "price": variant.price,
        "categories": [],
        "inventory_level": 7,
        "inventory_tracking": "product",
        "is_visible": True,
        "availability": "available",
        "date_modified": at.astimezone(UTC).isoformat(),
        "custom_url": {"url": f"/{product.handle}/"},
        "variants": [sold | {"inventory_level": 7, "option_values": []}],
        "images": [{"url_zoom": f"https://bc.example/{product.handle}.jpg", "is_thumbnail": True, "sort_order": 0}],
    }
