"""Shopify's webhooks for tests: bodies as Shopify sends them, signed, at the door of the shop `demo`."""

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import httpx

from tests.builders import a_shop
from tests.doors import SECRETS, FakeSink, a_door, calling

PATH = "/v1/webhooks/shopify"
PRODUCT_ID = 788032119674292922


def signature(body: bytes, secret: bytes) -> str:
    return base64.b64encode(hmac.new(secret, body, sha256).digest()).decode()


def headers_of(topic: str, body: bytes, **changes: str) -> dict[str, str]:
    return {
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature(body, b"hush"),
        "x-shopify-shop-domain": "demo.myshopify.com",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-triggered-at": "2026-10-26T06:13:22.123456789Z",
        "content-type": "application/json",
    } | changes


async def delivered(sink: FakeSink, topic: str, value: Any, **changes: str) -> httpx.Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    async with calling(a_door(sink, a_shop(webhook_secret_envs=list(SECRETS)))) as client:
        return await client.post(PATH, content=body, headers=headers_of(topic, body, **changes))


def a_product(**changes: Any) -> dict[str, Any]:
    variant = {
        "id": 642667041472713922,
        "admin_graphql_api_id": "gid://shopify/ProductVariant/642667041472713922",
        "sku": None,
        "title": "Small / Red",
        "price": "19.99",
        "compare_at_price": "0.00",
        "barcode": None,
        "option1": "Small",
        "option2": "Red",
        "option3": None,
        "image_id": 5,
        "inventory_item_id": 271878346596884015,
        "inventory_quantity": -3,
    }
    product = {
        "id": PRODUCT_ID,
        "admin_graphql_api_id": f"gid://shopify/Product/{PRODUCT_ID}",
        "title": "Example T-Shirt",
        "body_html": "An <b>example</b>",
        "vendor": "Acme",
        "product_type": "Shirts",
        "handle": "example-t-shirt",
        "status": "active",
        "tags": "example, mens, t-shirt",
        "updated_at": "2026-10-26T01:13:20-05:00",
        "options": [{"name": "Size"}, {"name": "Colour"}],
        "images": [{"id": 5, "src": "https://cdn.example/red.jpg"}],
        "image": None,
        "variants": [variant],
    }
    return product | changes


def an_order_body(**changes: Any) -> dict[str, Any]:
    address = {
        "first_name": "Jane",
        "last_name": "Doebelin",
        "city": "Kleinmachnow",
        "zip": "14532",
        "country_code": "DE",
        "phone": None,
    }
    order = {
        "id": 5396439498987,
        "admin_graphql_api_id": "gid://shopify/Order/5396439498987",
        "source_name": "web",
        "checkout_token": "864ef6919a4214321240c177707a01f7",
        "cart_token": "c1-5dc8c193f2fcf669eb1a08f2ba709d39",
        "created_at": "2026-10-26T07:13:20+01:00",
        "processed_at": None,
        "updated_at": "2026-10-26T07:13:25+01:00",
        "cancelled_at": None,
        "financial_status": "paid",
        "currency": "EUR",
        "total_price": "90.88",
        "subtotal_price": "85.98",
        "total_tax": "13.73",
        "total_discounts": "0.00",
        "total_shipping_price_set": {"shop_money": {"amount": "4.90", "currency_code": "EUR"}},
        "discount_codes": [{"code": "HELLO", "amount": "5.00", "type": "fixed_amount"}],
        "email": "jane.doe@example.com",
        "phone": None,
        "browser_ip": "203.0.113.7",
        "client_details": {"user_agent": "Mozilla/5.0", "browser_ip": None},
        "landing_site": "/?utm_source=news&email=jane.doe%40example.com",
        "referring_site": "https://search.example/",
        "note_attributes": [
            {"name": "anonymous_id", "value": "abc"},
            {"name": "email", "value": "jane.doe@example.com"},
        ],
        "customer": {"id": 6940095086827, "email": "jane.doe@example.com", "orders_count": 1},
        "billing_address": address,
        "shipping_address": address,
        "line_items": [
            {
                "id": 1,
                "product_id": 7992983748843,
                "variant_id": 43751530397931,
                "sku": "BR-BLUE",
                "title": "Bracelet",
                "variant_title": "Blue",
                "vendor": "Acme",
                "quantity": 2,
                "price": "42.99",
            }
        ],
    }
    return order | changes
