"""The products, amounts and tokens of a standard event."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, TypedDict

from connectors.ingest.identities import known, order_digits, plain
from connectors.ingest.wire.checkouts import Checkout, CheckoutLineItem
from connectors.ingest.wire.events import StandardData
from connectors.ingest.wire.products import Cart, CartLine, Money, ProductVariant
from schemas.records import Item
from schemas.scrubbing import scrub_text

MOST_ITEMS: Final = 500
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_NO_CURRENCY: Final = "XXX"
"""ISO 4217 for none; Shopify writes it where the amount is a percentage."""


class Commerce(TypedDict):
    """What an event says about products and money. *value* and *totals* are major units of *currency*."""

    items: list[Item]
    value: float | None
    currency: str | None
    totals: dict[str, float]
    checkout_token: str | None
    cart_token: str | None
    order_id: str | None
    search_query: str | None
    collection_id: str | None


def to_commerce(details: StandardData | None) -> Commerce:
    """Read what *details* says; each standard event has one of its members."""
    if details is None:
        return _commerce()
    if details.checkout is not None:
        return _of_checkout(details.checkout)
    if details.product_variant is not None:
        item = to_item(details.product_variant)
        return _commerce(items=[item], value=item["price"], currency=item["currency"])
    if details.cart_line is not None:
        return _of_line(details.cart_line)
    if details.cart is not None:
        return _of_cart(details.cart)
    if details.collection is not None:
        items = _bounded(map(to_item, details.collection.product_variants or ()))
        return _commerce(items=items, collection_id=plain(details.collection.id))
    if details.search_result is not None:
        items = _bounded(map(to_item, details.search_result.product_variants or ()))
        return _commerce(items=items, search_query=_scrubbed(details.search_result.query))
    return _commerce()


def _commerce(**said: Any) -> Commerce:
    nothing = Commerce(
        items=[],
        value=None,
        currency=None,
        totals={},
        checkout_token=None,
        cart_token=None,
        order_id=None,
        search_query=None,
        collection_id=None,
    )
    return nothing | said  # type: ignore[return-value]


def to_item(variant: ProductVariant, *, quantity: int = 1) -> Item:
    """Describe a *variant* as our records do."""
    product = variant.product
    return Item(
        product_id=plain(product.id) if product else None,
        variant_id=plain(variant.id),
        sku=variant.sku or None,
        title=(product.title or product.untranslated_title or None) if product else None,
        variant_title=variant.title or None,
        vendor=(product.vendor or None) if product else None,
        category=(product.type or None) if product else None,
        price=_amount(variant.price),
        quantity=quantity,
        currency=currency_of(variant.price),
        image_url=_image(variant.image.src) if variant.image else None,
    )


def currency_of(money: Money | None) -> str | None:
    """Return the ISO 4217 code of *money*, if it has one."""
    return currency(money.currency_code) if money is not None else None


@lru_cache(maxsize=1024)
def currency(code: str | None) -> str | None:
    """Return *code* if it is one of ISO 4217 and says something."""
    upper = (code or "").strip().upper()
    return upper if upper != _NO_CURRENCY and _CURRENCY.fullmatch(upper) else None


def _of_line(line: CartLine) -> Commerce:
    item = _line_item(line)
    cost = line.cost.total_amount if line.cost else None
    value = _amount(cost)
    if value is None and item is not None and item["price"] is not None:
        value = round(item["price"] * item["quantity"], 2)
    found = currency_of(cost) or (item["currency"] if item else None)
    return _commerce(items=[item] if item else [], value=value, currency=found)


def _of_cart(cart: Cart) -> Commerce:
    total = cart.cost.total_amount if cart.cost else None
    items = _bounded(_line_item(line) for line in cart.lines or ())
    return _commerce(items=items, value=_amount(total), currency=currency_of(total), cart_token=plain(cart.id))


def _of_checkout(checkout: Checkout) -> Commerce:
    shipping = checkout.shipping_line.price if checkout.shipping_line else None
    totals = {
        "subtotal": _amount(checkout.subtotal_price),
        "tax": _amount(checkout.total_tax),
        "shipping": _amount(shipping),
        "discount": _amount(checkout.discounts_amount),
    }
    order = checkout.order
    return _commerce(
        items=_bounded(map(_checkout_item, checkout.line_items or ())),
        value=_amount(checkout.total_price),
        currency=currency(checkout.currency_code) or currency_of(checkout.total_price),
        totals={name: amount for name, amount in totals.items() if amount is not None},
        checkout_token=known(checkout.token),
        order_id=order_digits(order.id) if order else None,
    )


def _line_item(line: CartLine) -> Item | None:
    return to_item(line.merchandise, quantity=_pieces(line.quantity)) if line.merchandise else None


def _checkout_item(line: CheckoutLineItem) -> Item:
    item = to_item(line.variant or ProductVariant(id=line.id), quantity=_pieces(line.quantity))
    item["title"] = item["title"] or line.title or None
    return item


def _pieces(quantity: int | None) -> int:
    return 1 if quantity is None else quantity


def _bounded(items: Iterable[Item | None]) -> list[Item]:
    return [item for item in items if item is not None][:MOST_ITEMS]


def _amount(money: Money | None) -> float | None:
    return money.amount if money is not None else None


def _image(src: str | None) -> str | None:
    return f"https:{src}" if src and src.startswith("//") else src or None


def _scrubbed(text: str | None) -> str | None:
    return scrub_text(text) if text else None
