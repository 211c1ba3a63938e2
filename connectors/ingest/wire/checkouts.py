"""The checkout as the `checkout_*` and `payment_info_submitted` events carry it."""

from connectors.ingest.wire.products import Money, Pair, ProductVariant
from connectors.ingest.wire.values import Amount, Identifier, Quantity, Wire


class MailingAddress(Wire):
    """Where somebody lives, in clear: it is hashed and goes no further."""

    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    country: str | None = None
    country_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None


class DiscountValue(Wire):
    """An amount, or a percentage; a currency of XXX makes the amount a percentage."""

    amount: Amount | None = None
    currency_code: str | None = None
    percentage: Amount | None = None


class DiscountApplication(Wire):
    """A discount, code or automatic."""

    allocation_method: str | None = None
    target_selection: str | None = None
    target_type: str | None = None
    title: str | None = None
    type: str | None = None
    value: DiscountValue | None = None


class DiscountAllocation(Wire):
    """What a discount takes off one line."""

    amount: Money | None = None
    discount_application: DiscountApplication | None = None


class SellingPlan(Wire):
    """A subscription's plan."""

    id: Identifier | None = None
    name: str | None = None


class SellingPlanAllocation(Wire):
    """The plan a line is bought on."""

    selling_plan: SellingPlan | None = None


class CheckoutLineItem(Wire):
    """A variant and how many of it; the line's own id equals the variant's."""

    id: Identifier | None = None
    discount_allocations: list[DiscountAllocation] | None = None
    final_line_price: Money | None = None
    properties: list[Pair] | None = None
    quantity: Quantity | None = None
    selling_plan_allocation: SellingPlanAllocation | None = None
    title: str | None = None
    variant: ProductVariant | None = None


class OrderCustomer(Wire):
    """Who ordered."""

    id: Identifier | None = None
    is_first_order: bool | None = None


class Order(Wire):
    """The order a checkout became; its id is digits or a gid that ends with them."""

    id: Identifier | None = None
    customer: OrderCustomer | None = None


class Code(Wire):
    """A country or a language."""

    iso_code: str | None = None


class Market(Wire):
    """A Shopify market."""

    id: Identifier | None = None
    handle: str | None = None


class Localization(Wire):
    """Where and in which language the shopper sees the checkout."""

    country: Code | None = None
    language: Code | None = None
    market: Market | None = None


class ShippingRate(Wire):
    """What shipping costs."""

    price: Money | None = None


class DeliveryOption(Wire):
    """A way of delivery that was chosen."""

    cost: Money | None = None
    cost_after_discounts: Money | None = None
    description: str | None = None
    handle: str | None = None
    title: str | None = None
    type: str | None = None


class Delivery(Wire):
    """The ways of delivery that were chosen."""

    selected_delivery_options: list[DeliveryOption] | None = None


class PaymentMethod(Wire):
    """How was paid."""

    name: str | None = None
    type: str | None = None


class Transaction(Wire):
    """One payment."""

    amount: Money | None = None
    gateway: str | None = None
    payment_method: PaymentMethod | None = None


class Checkout(Wire):
    """The checkout, growing from event to event."""

    attributes: list[Pair] | None = None
    billing_address: MailingAddress | None = None
    buyer_accepts_email_marketing: bool | None = None
    buyer_accepts_sms_marketing: bool | None = None
    currency_code: str | None = None
    delivery: Delivery | None = None
    discount_applications: list[DiscountApplication] | None = None
    discounts_amount: Money | None = None
    email: str | None = None
    line_items: list[CheckoutLineItem] | None = None
    localization: Localization | None = None
    order: Order | None = None
    phone: str | None = None
    shipping_address: MailingAddress | None = None
    shipping_line: ShippingRate | None = None
    sms_marketing_phone: str | None = None
    subtotal_price: Money | None = None
    token: Identifier | None = None
    total_price: Money | None = None
    total_tax: Money | None = None
    transactions: list[Transaction] | None = None
