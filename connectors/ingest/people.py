"""Who an event is about, in clear, only as long as it takes to hash it."""

from typing import Any

from connectors.ingest.wire.checkouts import Checkout
from connectors.ingest.wire.events import Customer
from schemas.user_data.counting import hashed_and_counted


def to_user_data(checkout: Checkout | None, customer: Customer | None, *, region: str | None) -> dict[str, str]:
    """Hash what the *checkout* and the logged-in *customer* say; *region* is the shop's country.

    The checkout goes first: it was typed for this very purchase.
    """
    if checkout is None and customer is None:
        return {}
    offered: list[dict[str, Any]] = [_of_checkout(checkout)] if checkout is not None else []
    for address in (checkout.billing_address, checkout.shipping_address) if checkout else ():
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
    if customer is not None:
        names = {"fn": customer.first_name, "ln": customer.last_name}
        offered.append({"em": customer.email, "ph": customer.phone, **names})
    merged = {field: [each[field] for each in offered if each.get(field)] for field in _FIELDS}
    return hashed_and_counted({field: values for field, values in merged.items() if values}, region=region)


_FIELDS = ("em", "ph", "fn", "ln", "ct", "st", "zp", "country")


def _of_checkout(checkout: Checkout) -> dict[str, Any]:
    return {"em": checkout.email, "ph": checkout.phone or checkout.sms_marketing_phone}
