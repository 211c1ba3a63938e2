"""An order webhook → the record `OrderReceived`: the truth about a purchase, personal data hashed."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

from connectors.shopify.deliveries import Delivery
from connectors.shopify.order_bodies import Client, Customer, Line, Note, Order
from connectors.shopify.values import (
    id_of,
    validated,
)
from schemas.errors import TerminalError
from schemas.identifiers import is_junk
from schemas.records import Item, OrderReceived
from schemas.scrubbing import REDACTED, names_personal_data, scrub_text
from schemas.user_data.counting import hashed_and_counted

MOST_ITEMS: Final = 500
MOST_ATTRIBUTES: Final = 50
LONGEST_CHANNEL: Final = 255
_OPEN: Final = frozenset({"pending", "authorized", ""})


def to_order(body: Any, delivery: Delivery) -> OrderReceived:
    """Describe an order in the state this webhook tells.

    Raises:
        TerminalError: a field is missing or of a wrong type.
    """
    order = validated(Order, body)
    order_id = id_of(order.admin_graphql_api_id, order.id)
    if order_id is None:
        raise TerminalError("missing_field", "id")
    occurred_at = order.processed_at or order.created_at or delivery.triggered_at or delivery.received_at
    customer, client = order.customer or Customer(), order.client_details or Client()
    return OrderReceived(
        shop_id=delivery.shop["shop_id"],
        order_id=order_id,
        topic=delivery.topic,
        delivery_id=delivery.delivery_id,
        checkout_token=_known(order.checkout_token),
        cart_token=_known(order.cart_token),
        customer_id=id_of(customer.admin_graphql_api_id, customer.id),
        occurred_at=occurred_at,
        updated_at=max(order.updated_at or 0, delivery.triggered_at or 0) or occurred_at,
        received_at=delivery.received_at,
        status=_status(order, delivery.topic),
        cancelled_at=order.cancelled_at,
        first_order=None if customer.orders_count is None else customer.orders_count <= 1,
        value=order.total_price,
        currency=order.currency or delivery.shop["currency"],
        totals=_totals(order),
        coupon=next((code.code for code in order.discount_codes or () if code.code), None),
        items=[_to_item(line, order.currency) for line in (order.line_items or ())[:MOST_ITEMS]],
        client_ip=_address(client.browser_ip or order.browser_ip),
        user_agent=client.user_agent or None,
        landing_url=_scrubbed(order.landing_site),
        referrer=_scrubbed(order.referring_site),
        country=_country(order),
        user_data=_user_data(order, customer, region=delivery.shop["country"]),
        attributes=_attributes(order.note_attributes or []),
        sales_channel=_channel(order.source_name),
    )


def _status(order: Order, topic: str) -> str:
    if order.cancelled_at is not None or topic == "orders/cancelled":
        return "cancelled"
    told = (order.financial_status or "").lower()
    return "open" if told in _OPEN else told


def _totals(order: Order) -> dict[str, float]:
    shipping = order.total_shipping_price_set.shop_money if order.total_shipping_price_set else None
    totals = {
        "subtotal": order.subtotal_price,
        "tax": order.total_tax,
        "shipping": shipping.amount if shipping else None,
        "discount": order.total_discounts,
    }
    return {name: amount for name, amount in totals.items() if amount is not None}


def _to_item(line: Line, currency: str | None) -> Item:
    return Item(
        product_id=_known(line.product_id),
        variant_id=_known(line.variant_id),
        sku=line.sku or None,
        title=line.title or None,
        variant_title=line.variant_title or None,
        vendor=line.vendor or None,
        category=None,
        price=line.price,
        quantity=1 if line.quantity is None else line.quantity,
        currency=currency,
        image_url=None,
    )


def _country(order: Order) -> str | None:
    for address in (order.shipping_address, order.billing_address):
        code = (address.country_code or "").upper() if address else ""
        if len(code) == 2 and code.isalpha():
            return code
    return None


def _user_data(order: Order, customer: Customer, *, region: str | None) -> dict[str, str]:
    """Hash who ordered: the order itself goes first, then the billing address, then the customer's account."""
    offered: list[Mapping[str, Any]] = [{"em": order.email, "ph": order.phone}, {"em": order.contact_email}]
    for address in (order.billing_address, order.shipping_address, customer.default_address):
        if address is not None:
            offered.append(
                {
                    "ph": address.phone,
                    "fn": address.first_name,
                    "ln": address.last_name,
                    "ct": address.city,
                    "st": address.province_code or address.province,
                    "zp": address.zip,
                    "country": address.country_code or address.country,
                }
            )
    offered.append({"em": customer.email, "ph": customer.phone, "fn": customer.first_name, "ln": customer.last_name})
    fields = dict.fromkeys(field for each in offered for field in each)
    merged = {field: [each[field] for each in offered if each.get(field)] for field in fields}
    return hashed_and_counted({field: values for field, values in merged.items() if values}, region=region)


def _attributes(notes: list[Note]) -> dict[str, str]:
    """Keep what the pixel or a theme noted on the order, without personal data."""
    kept: dict[str, str] = {}
    for note in notes[:MOST_ATTRIBUTES]:
        if note.name and isinstance(note.value, str | int | float):
            personal = names_personal_data(note.name)
            kept[scrub_text(note.name)] = REDACTED if personal else scrub_text(str(note.value))
    return kept


def _channel(told: Any) -> str | None:
    """Keep the word for where the order was placed; an app may have chosen any, and no order is refused for it."""
    return scrub_text(str(told)[:LONGEST_CHANNEL]) or None if isinstance(told, str | int) else None


def _address(text: str | None) -> str | None:
    try:
        return str(ip_address(text or ""))
    except ValueError:
        return None


def _known(identifier: str | None) -> str | None:
    return None if is_junk(identifier) or "@" in (identifier or "") else identifier


def _scrubbed(text: str | None) -> str | None:
    return scrub_text(text) if text else None
