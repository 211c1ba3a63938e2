"""What Shopify's pixel and its order webhook put on the wire, built from the demo's own values.

Pixel: https://shopify.dev/docs/api/web-pixels-api/standard-events
Orders: https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-orders/create
"""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from deploy.demo.catalogue import Product, Variant

CURRENCY: Final = "EUR"
SHOP_HOST: Final = "demo-shop.example"


class Line(NamedTuple):
    """One line of a cart."""

    product: Product
    variant: Variant
    quantity: int

    @property
    def total(self) -> float:
        """What the line costs, in EUR."""
        return round(self.variant.price * self.quantity, 2)


class Buyer(NamedTuple):
    """Who buys. Invented: the demo holds no real person."""

    customer_id: int | None
    email: str
    phone: str
    first_name: str
    last_name: str
    city: str
    zip_code: str
    country: str


class Device(NamedTuple):
    """One browser."""

    client_id: str
    user_agent: str
    language: str
    fbp: str | None
    ip: str


def iso(at: int) -> str:
    """Write milliseconds since 1970 as Shopify's pixel does."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(amount: float) -> dict[str, Any]:
    """Write an amount as Shopify's MoneyV2."""
    return {"amount": round(amount, 2), "currencyCode": CURRENCY}


def to_variant(product: Product, variant: Variant) -> dict[str, Any]:
    """Write a variant as pixel events carry it."""
    return {
        "id": str(variant.variant_id),
        "sku": variant.sku,
        "title": variant.title,
        "price": money(variant.price),
        "image": {"src": f"//cdn.demo-shop.example/{product.handle}.jpg"},
        "product": {
            "id": str(product.product_id),
            "title": product.title,
            "type": product.kind,
            "vendor": product.brand,
            "url": f"/products/{product.handle}",
            "untranslatedTitle": product.title,
        },
    }


def to_cart_line(line: Line) -> dict[str, Any]:
    """Write a cart line as pixel events carry it."""
    return {
        "quantity": line.quantity,
        "cost": {"totalAmount": money(line.total)},
        "merchandise": to_variant(line.product, line.variant),
    }


def pixel_event(device: Device, at: int, name: str, data: dict[str, Any], *, event_id: str, url: str) -> dict[str, Any]:
    """Write one standard event as the Web Pixels API hands it to a pixel."""
    parts = urlsplit(url)
    location = {
        "href": url,
        "hash": "",
        "host": parts.netloc,
        "hostname": parts.netloc,
        "origin": f"https://{parts.netloc}",
        "pathname": parts.path,
        "port": "",
        "protocol": "https:",
        "search": f"?{parts.query}" if parts.query else "",
    }
    return {
        "id": event_id,
        "name": name,
        "type": "standard",
        "clientId": device.client_id,
        "timestamp": iso(at),
        "data": data,
        "context": {
            "document": {"location": location, "referrer": "", "characterSet": "UTF-8", "title": "Demo shop"},
            "navigator": {"language": device.language, "cookieEnabled": True, "userAgent": device.user_agent},
            "window": {"innerHeight": 812, "innerWidth": 1280, "scrollY": 120.5, "location": location},
        },
    }


def custom_event(device: Device, at: int, name: str, data: dict[str, Any], **about: Any) -> dict[str, Any]:
    """Write one event that the shop's theme publishes itself, *about* as in `pixel_event`.

    https://shopify.dev/docs/api/web-pixels-api/emitting-data
    """
    event = pixel_event(device, at, name, {}, **about)
    del event["data"]
    return event | {"type": "custom", "customData": data}


def to_checkout(lines: list[Line], token: str, buyer: Buyer | None, order_id: int | None = None) -> dict[str, Any]:
    """Write a checkout as the `checkout_*` events carry it."""
    total = sum(line.total for line in lines)
    checkout: dict[str, Any] = {
        "token": token,
        "currencyCode": CURRENCY,
        "attributes": [],
        "discountApplications": [],
        "lineItems": [
            {
                "id": str(line.variant.variant_id),
                "title": line.product.title,
                "quantity": line.quantity,
                "variant": to_variant(line.product, line.variant),
                "finalLinePrice": money(line.total),
                "discountAllocations": [],
            }
            for line in lines
        ],
        "subtotalPrice": money(total),
        "shippingLine": {"price": money(4.9)},
        "totalTax": money(total * 0.19),
        "totalPrice": money(total + 4.9),
        "order": {},
    }
    if buyer is not None:
        address = {
            "firstName": buyer.first_name,
            "lastName": buyer.last_name,
            "address1": "Musterweg 1",
            "city": buyer.city,
            "zip": buyer.zip_code,
            "country": buyer.country,
            "countryCode": buyer.country,
            "phone": buyer.phone,
        }
        checkout |= {"email": buyer.email, "phone": buyer.phone, "billingAddress": address, "shippingAddress": address}
    if order_id is not None:
        customer = {"id": str(buyer.customer_id), "isFirstOrder": True} if buyer and buyer.customer_id else None
        checkout["order"] = {"id": str(order_id), "customer": customer}
    return checkout


def to_order_webhook(lines: list[Line], buyer: Buyer, device: Device, **order: Any) -> dict[str, Any]:
    """Write an order as `orders/create` and `orders/paid` do; *order* gives id, token, cart, at and status."""
    total, stamp = sum(line.total for line in lines), iso(order["at"])
    address = {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "city": buyer.city,
        "zip": buyer.zip_code,
        "country_code": buyer.country,
        "phone": buyer.phone,
    }
    return {
        "id": order["order_id"],
        "admin_graphql_api_id": f"gid://shopify/Order/{order['order_id']}",
        "source_name": "web",
        "checkout_token": order["token"],
        "cart_token": order["cart"],
        "created_at": stamp,
        "processed_at": stamp,
        "updated_at": iso(order.get("updated_at", order["at"])),
        "cancelled_at": None,
        "financial_status": order["status"],
        "currency": CURRENCY,
        "total_price": f"{total + 4.9:.2f}",
        "subtotal_price": f"{total:.2f}",
        "total_tax": f"{total * 0.19:.2f}",
        "total_discounts": "0.00",
        "total_shipping_price_set": {"shop_money": {"amount": "4.90", "currency_code": CURRENCY}},
        "discount_codes": [],
        "email": buyer.email,
        "phone": buyer.phone,
        "browser_ip": device.ip,
        "client_details": {"user_agent": device.user_agent, "browser_ip": device.ip},
        "landing_site": "/",
        "referring_site": "",
        "note_attributes": [],
        "customer": {
            "id": buyer.customer_id,
            "email": buyer.email,
            "first_name": buyer.first_name,
            "last_name": buyer.last_name,
            "phone": buyer.phone,
            "orders_count": 1,
        }
        if buyer.customer_id
        else None,
        "billing_address": address,
        "shipping_address": address,
        "line_items": [
            {
                "id": 13_000_000_000_000 + order["order_id"] % 1_000_000_000 * 10 + position,
                "product_id": line.product.product_id,
                "variant_id": line.variant.variant_id,
                "sku": line.variant.sku,
                "title": line.product.title,
                "variant_title": line.variant.title,
                "vendor": line.product.brand,
                "quantity": line.quantity,
                "price": f"{line.variant.price:.2f}",
            }
            for position, line in enumerate(lines)
        ],
    }
