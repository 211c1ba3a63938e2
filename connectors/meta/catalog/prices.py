"""What an item costs, as Meta writes it: `9.99 EUR`, with as many decimals as the currency has.

https://developers.facebook.com/docs/marketing-api/catalog/reference/
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from connectors.meta.products import money
from schemas.bodies import LARGEST_AMOUNT
from schemas.records import Product, Shop, Variant

# ISO 4217's minor units; every other currency has two.
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS: Final = dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3) | {"CLF": 4, "UYW": 4}


class Price(NamedTuple):
    """What it costs, and what it costs now if that is less; or the *reason* why neither can be said."""

    price: str | None
    sale_price: str | None
    reason: str | None


def of_variant(variant: Variant, product: Product, shop: Shop) -> Price:
    """Say what *variant* costs. The currency is the product's, else the shop's.

    What it cost before is Meta's price, and what is paid the sale price.
    """
    told = product["currency"] or shop["currency"]
    _, currency = money(None, told)
    if reason := _reason(variant["price"]):
        return Price(None, None, reason)
    if currency is None:
        return Price(None, None, "bad_currency" if told else "missing_currency")
    paid = _rounded(variant["price"] or 0, currency)
    if paid == 0:
        return Price(None, None, "zero_price")
    usual = variant["compare_at_price"]
    before = _rounded(usual, currency) if usual is not None and _reason(usual) is None else paid
    if before > paid:
        return Price(f"{before:f} {currency}", f"{paid:f} {currency}", None)
    return Price(f"{paid:f} {currency}", None, None)


def _reason(amount: float | None) -> str | None:
    if amount is None:
        return "missing_price"
    if not math.isfinite(amount) or amount > LARGEST_AMOUNT:
        return "bad_price"
    if amount < 0:
        return "negative_price"
    return "zero_price" if amount == 0 else None


def _rounded(amount: float, currency: str) -> Decimal:
    return Decimal(repr(amount)).quantize(Decimal(1).scaleb(-_DECIMALS.get(currency, 2)), ROUND_HALF_UP)
