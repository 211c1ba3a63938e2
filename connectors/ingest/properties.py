"""What else an event says, as JSON without personal data: custom data, clicks, discounts, errors."""

from typing import Any, Final

import orjson

from connectors.ingest.reading import Reading
from connectors.ingest.wire.checkouts import Checkout
from connectors.ingest.wire.events import StandardData
from schemas.errors import TerminalError
from schemas.scrubbing import scrub

MOST_BYTES: Final = 65_536
"""Of JSON, for one event; what a browser may send with `keepalive`."""

_TYPED_BY_THE_SHOPPER: Final = frozenset({"value", "textContent", "checked", "attributes", "clipboard"})


def to_properties(reading: Reading) -> str | None:
    """Write what *reading* says beyond our fields.

    Raises:
        TerminalError: `too_large`, when that is more than 64 KiB.
    """
    event = reading.event
    if isinstance(reading.details, StandardData):
        said, field = _standard(reading.details), "data"
    elif reading.kind in ("dom", "advanced-dom"):
        said, field = _untyped(event.data), "data"
    else:
        said, field = _custom(event.custom_data, event.data), "customData"
    if said in (None, {}, [], ""):
        return None
    written = orjson.dumps(scrub(said))
    if len(written) > MOST_BYTES:
        raise TerminalError("too_large", field)
    return written.decode()


def _custom(custom_data: Any, also: Any) -> Any:
    if also in (None, {}):
        return custom_data
    return also if custom_data is None else {"customData": custom_data, "data": also}


def _standard(details: StandardData) -> dict[str, Any]:
    if details.checkout is not None:
        said = _checkout(details.checkout)
    elif details.alert is not None:
        said = details.alert.model_dump(include={"type", "target", "message"})
    elif details.error is not None:
        said = details.error.model_dump()
    elif details.collection is not None:
        said = {"collection_title": details.collection.title}
    elif details.cart is not None:
        said = {"total_quantity": details.cart.total_quantity}
    else:
        return {}
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _checkout(checkout: Checkout) -> dict[str, Any]:
    codes = [each.title for each in checkout.discount_applications or () if (each.type or "").lower() != "automatic"]
    options = checkout.delivery.selected_delivery_options if checkout.delivery else None
    market = checkout.localization.market if checkout.localization else None
    return {
        "coupons": [code for code in codes if code],
        "first_order": checkout.order.customer.is_first_order if checkout.order and checkout.order.customer else None,
        "delivery": [each.title for each in options or () if each.title],
        "gateways": [each.gateway for each in checkout.transactions or () if each.gateway],
        "market": market.handle if market else None,
        "accepts_email_marketing": checkout.buyer_accepts_email_marketing,
        "accepts_sms_marketing": checkout.buyer_accepts_sms_marketing,
    }


def _untyped(value: Any) -> Any:
    """Leave out whatever a shopper may have typed into the page."""
    if isinstance(value, dict):
        return {key: _untyped(each) for key, each in value.items() if key not in _TYPED_BY_THE_SHOPPER}
    return [_untyped(each) for each in value] if isinstance(value, list) else value
