"""The body of an order webhook, as far as we read it.

https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-orders/create
"""

from typing import Annotated, Any

from pydantic import Field

from connectors.shopify.values import Amount, Count, Identifier, Moment, Quantity, RestBody, ShortText, Text


class Money(RestBody):
    """An amount of one currency."""

    amount: Amount | None = None


class MoneySet(RestBody):
    """An amount in the shop's currency, and in the customer's, which we do not read."""

    shop_money: Money | None = None


class Line(RestBody):
    """A variant and how many of it."""

    product_id: Identifier | None = None
    variant_id: Identifier | None = None
    sku: ShortText | None = None
    title: ShortText | None = None
    variant_title: ShortText | None = None
    vendor: ShortText | None = None
    price: Amount | None = None
    quantity: Quantity | None = None


class Address(RestBody):
    """Where somebody lives, in clear: it is hashed and goes no further."""

    first_name: Text | None = None
    last_name: Text | None = None
    phone: Text | None = None
    city: Text | None = None
    province_code: Text | None = None
    province: Text | None = None
    zip: Text | None = None
    country_code: Text | None = None
    country: Text | None = None


class Customer(RestBody):
    """Whose order it is, in clear as well."""

    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None
    email: Text | None = None
    phone: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    orders_count: Count | None = None
    default_address: Address | None = None


class Client(RestBody):
    """The browser, as the checkout saw it."""

    browser_ip: ShortText | None = None
    user_agent: Text | None = None


class Code(RestBody):
    """A discount code."""

    code: ShortText | None = None


class Note(RestBody):
    """What a theme or a pixel noted on the cart."""

    name: ShortText | None = None
    value: Any = None


class Order(RestBody):
    """The order, whole."""

    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None
    source_name: Any = None
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
    total_shipping_price_set: MoneySet | None = None
    discount_codes: list[Code] | None = None
    email: Text | None = None
    contact_email: Text | None = None
    phone: Text | None = None
    browser_ip: ShortText | None = None
    client_details: Client | None = None
    landing_site: Text | None = None
    referring_site: Text | None = None
    note_attributes: list[Note] | None = None
    customer: Customer | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    line_items: list[Line] | None = None
