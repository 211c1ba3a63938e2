"""Orders become rows of `orders`, their lines inside."""

from typing import Final

from connectors.clickhouse.rows.values import NIL, Row, amount, amounts, when
from schemas.records import Item, Order

COLUMNS: Final = (
    *("shop_id", "order_id", "status", "match"),
    *("ordered_at", "updated_at", "seen_in_webhook_at", "seen_in_pixel_at", "purchase_event_id"),
    *("checkout_token", "cart_token", "customer_id", "client_id", "visitor_id", "session_id"),
    *("value", "currency", "totals", "coupon", "sales_channel"),
    *("items.product_id", "items.variant_id", "items.sku", "items.title", "items.variant_title"),
    *("items.category", "items.vendor", "items.price", "items.quantity"),
    *("version", "is_deleted"),
)


def order_row(order: Order) -> Row:
    """Write one order in the order of `COLUMNS`."""
    return [
        order["shop_id"],
        order["order_id"],
        order["status"],
        order["match"],
        order["ordered_at"] / 1000,
        order["updated_at"] / 1000,
        when(order["seen_in_webhook_at"]),
        when(order["seen_in_pixel_at"]),
        order["purchase_event_id"],
        order["checkout_token"] or "",
        order["cart_token"] or "",
        order["customer_id"] or "",
        order["client_id"] or "",
        order["visitor_id"] or NIL,
        order["session_id"] or NIL,
        amount(order["value"]),
        order["currency"] or "",
        amounts(order["totals"]),
        order["coupon"] or "",
        order["sales_channel"] or "",
        *_lines(order["items"]),
        order["version"],
        0,
    ]


def _lines(items: list[Item]) -> Row:
    return [
        [item["product_id"] or "" for item in items],
        [item["variant_id"] or "" for item in items],
        [item["sku"] or "" for item in items],
        [item["title"] or "" for item in items],
        [item["variant_title"] or "" for item in items],
        [item["category"] or "" for item in items],
        [item["vendor"] or "" for item in items],
        [amount(item["price"]) for item in items],
        [item["quantity"] for item in items],
    ]
