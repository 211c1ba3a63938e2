"""An order webhook → the record `OrderReceived`: the truth about a purchase, personal data hashed.

Body: https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-orders/create
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Final

from pydantic import Field

from connectors.shopify.products import Delivery
from connectors.shopify.values import (
    Amount,
    Count,
    Identifier,
    Moment,
    Quantity,
    RestBody,
    ShortText,
    Text,
    id_of,
    validated,
)
from schemas.errors import TerminalError
from schemas.identifiers import is_junk
from schemas.records import Item, OrderReceived
from schemas.scrubbing import REDACTED, names_personal_data, scrub_text
from schemas.user_data import hash_user_data

MOST_ITEMS: Final = 500
MOST_ATTRIBUTES: Final = 50
_OPEN: Final = frozenset({"pending", "authorized", ""})


class _Money(RestBody):
    amount: Amount | None = None


class _MoneySet(RestBody):
    shop_money: _Money | None = None


class _Line(RestBody):
    product_id: Identifier | None = None
    variant_id: Identifier | None = None
    sku: ShortText | None = None
    title: ShortText | None = None
    variant_title: ShortText | None = None
    vendor: ShortText | None = None
    price: Amount | None = None
    quantity: Quantity | None = None


class _Address(RestBody):
    first_name: Text | None = None
    last_name: Text | None = None
    phone: Text | None = None
    city: Text | None = None
    province_code: Text | None = None
    province: Text | None = None
    zip: Text | None = None
    country_code: Text | None = None
    country: Text | None = None


class _Customer(RestBody):
    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None
    email: Text | None = None
    phone: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    orders_count: Count | None = None
    default_address: _Address | None = None


class _Client(RestBody):
    browser_ip: ShortText | None = None
    user_agent: Text | None = None


class _Code(RestBody):
    code: ShortText | None = None


class _Note(RestBody):
    name: ShortText | None = None
    value: Any = None


class _Order(RestBody):
    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None
    checkout_token: ShortText | None = None
    cart_token: ShortText | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    updated_at: Moment | None = None
    cancelled_at: Moment | None = None
    financial_status: ShortText | None = None
    currency: Annotated[str, Field(max_length=3)] | None = None
    total_price: Amount | None = None
    subtotal_price: Amount | None = None
    total_tax: Amount | None = None
    total_discounts: Amount | None = None
    total_shipping_price_set: _MoneySet | None = None
    discount_codes: list[_Code] | None = None
    email: Text | None = None
    contact_email: Text | None = None
    phone: Text | None = None
    browser_ip: ShortText | None = None
    client_details: _Client | None = None
    landing_site: Text | None = None
    referring_site: Text | None = None
    note_attributes: list[_Note] | None = None
    customer: _Customer | None = None
    billing_address: _Address | None = None
    shipping_address: _Address | None = None
    line_items: list[_Line] | None = None


def to_order(body: Any, delivery: Delivery) -> OrderReceived:
    """Describe an order in the state this webhook tells.

    Raises:
        TerminalError: a field is missing or of a wrong type.
    """
    order = validated(_Order, body)
    order_id = id_of(order.admin_graphql_api_id, order.id)
    if order_id is None:
        raise TerminalError("missing_field", "id")
    occurred_at = order.processed_at or order.created_at or delivery.triggered_at or delivery.received_at
    customer, client = order.customer or _Customer(), order.client_details or _Client()
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
    )


def _status(order: _Order, topic: str) -> str:
    if order.cancelled_at is not None or topic == "orders/cancelled":
        return "cancelled"
    told = (order.financial_status or "").lower()
    return "open" if told in _OPEN else told


def _totals(order: _Order) -> dict[str, float]:
    shipping = order.total_shipping_price_set.shop_money if order.total_shipping_price_set else None
    totals = {
        "subtotal": order.subtotal_price,
        "tax": order.total_tax,
        "shipping": shipping.amount if shipping else None,
        "discount": order.total_discounts,
    }
    return {name: amount for name, amount in totals.items() if amount is not None}


def _to_item(line: _Line, currency: str | None) -> Item:
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


def _country(order: _Order) -> str | None:
    for address in (order.shipping_address, order.billing_address):
        code = (address.country_code or "").upper() if address else ""
        if len(code) == 2 and code.isalpha():
            return code
    return None


def _user_data(order: _Order, customer: _Customer, *, region: str | None) -> dict[str, str]:
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
    return hash_user_data({field: values for field, values in merged.items() if values}, region=region).hashes


def _attributes(notes: list[_Note]) -> dict[str, str]:
    """Keep what the pixel or a theme noted on the order, without personal data."""
    kept: dict[str, str] = {}
    for note in notes[:MOST_ATTRIBUTES]:
        if note.name and isinstance(note.value, str | int | float):
            personal = names_personal_data(note.name)
            kept[scrub_text(note.name)] = REDACTED if personal else scrub_text(str(note.value))
    return kept


def _address(text: str | None) -> str | None:
    try:
        return str(ip_address(text or ""))
    except ValueError:
        return None


def _known(identifier: str | None) -> str | None:
    return None if is_junk(identifier) or "@" in (identifier or "") else identifier


def _scrubbed(text: str | None) -> str | None:
    return scrub_text(text) if text else None
