"""WooCommerce's door with a stand-in of a shop's API behind it, and products as its webhooks tell them."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import httpx

from connectors.woocommerce.client import WooClient
from connectors.woocommerce.webhooks import PATH, WooCommerce
from deploy.servers.storefronts.woocommerce import WooShop
from schemas.records import Product, ProductChange, Shop
from tests.builders import a_shop
from tests.doors import FakeShops, FakeSink
from tests.storefronts import Naps, a_caller, a_storefront_door, a_woo_access, posted


def a_woo_shop(**changes: Any) -> Shop:
    return a_shop(domains=["woo.example"], woocommerce=a_woo_access(), **changes)


def a_product(**changes: Any) -> dict[str, Any]:
    product = {
        "id": 9007199254740993,
        "parent_id": 0,
        "name": "Ship Your <b>Idea</b> &ndash; Tee",
        "slug": "idea",
        "permalink": "https://woo.example/product/idea/",
        "date_modified": "2026-10-26T08:13:20",
        "date_modified_gmt": "2026-10-26T06:13:20",
        "type": "simple",
        "status": "publish",
        "description": "<p>Tee</p>",
        "sku": "IDEA",
        "price": "15.00",
        "regular_price": "20.00",
        "sale_price": "15.00",
        "manage_stock": True,
        "stock_quantity": 7,
        "stock_status": "instock",
        "backorders": "no",
        "categories": [{"id": 9, "name": "Clothing"}, {"id": 14, "name": "T-shirts"}],
        "tags": [{"name": "cotton"}],
        "images": [{"src": "//woo.example/a.jpg"}, {"src": False}],
        "attributes": [{"name": "Brand", "options": ["Acme"]}],
        "variations": [],
        "meta_data": [
            {"key": "_hidden", "value": "x"},
            {"key": "material", "value": "cotton"},
            {"key": "a", "value": []},
        ],
    }
    return product | changes


def a_variation(**changes: Any) -> dict[str, Any]:
    variation = {
        "id": 732,
        "parent_id": 799,
        "type": "variation",
        "date_modified_gmt": "2026-10-26T06:13:25",
        "permalink": "https://woo.example/product/idea/?attribute_pa_color=black",
        "sku": "IDEA-BLACK",
        "price": "9.00",
        "regular_price": "9.00",
        "status": True,
        "manage_stock": "parent",
        "stock_quantity": None,
        "stock_status": "instock",
        "image": {"src": "https://woo.example/black.jpg"},
        "attributes": [{"id": 6, "name": "Color", "option": "Black"}],
    }
    return variation | changes


def a_variable_product(**changes: Any) -> dict[str, Any]:
    return a_product(**{"id": 799, "type": "variable", "price": "", "regular_price": "", "variations": [732]} | changes)


def headers_of(topic: str, body: bytes, **changes: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.new(b"wc_secret", body, sha256).digest()).decode()
    return {
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-source": "https://woo.example/shop/",
        "x-wc-webhook-signature": signature,
        "x-wc-webhook-delivery-id": "same-for-a-whole-second",
        "content-type": "application/json",
    } | changes


class Stage:
    """A door and the shop behind it."""

    def __init__(self, *shops: Shop) -> None:
        self.sink, self.api, self.naps = FakeSink(), WooShop(root="/shop"), Naps()
        caller = a_caller(self.api.app(), self.naps)
        system = WooCommerce(lambda access: WooClient(access, caller))
        self.door = a_storefront_door(self.sink, system, FakeShops(*(shops or (a_woo_shop(),))))

    async def told(self, topic: str, value: Any, **changes: str) -> httpx.Response:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await posted(self.door, PATH, body, headers_of(topic, body, **changes))

    def change(self) -> tuple[ProductChange, Product]:
        (change,) = self.sink.products
        assert change["product"] is not None
        return change, change["product"]
