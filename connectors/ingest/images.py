"""The GIF's query parameters → the event they stand for, for pages that run no JavaScript.

| parameter | says | | parameter | says |
|---|---|---|---|---|
| `name` | event name (required) | | `pid`, `vid`, `sku` | product, variant, stock keeping unit |
| `cid` | browser (required) | | `ptitle`, `price`, `qty` | its title, price of one, pieces |
| `id` | event id; else derived from the rest | | `cur` | ISO 4217 |
| `ts` | ISO 8601 or milliseconds; else now | | `value` | of the whole event |
| `url`, `ref`, `title` | the page | | `q` | what was searched for |
| `cust` | customer id | | `token`, `cart`, `oid` | checkout, cart, order |
| `fbp`, `fbc` | Meta's cookies | | any other | custom data of a custom event |
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

from connectors.ingest.wire.names import STANDARD
from connectors.ingest.wire.values import LARGEST_AMOUNT
from schemas.errors import TerminalError
from schemas.identifiers import derived_event_id
from schemas.records import EpochMillis

PIXEL: Final = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""One transparent pixel."""

_OURS: Final = frozenset(
    """name id cid ts url ref title cust fbp fbc pid vid sku ptitle price qty cur value q token cart oid""".split()  # noqa: SIM905
)
_PARAMETER_OF: Final = {"event.name": "name", "event.clientId": "cid", "event.timestamp": "ts", "event.id": "id"}
_MOST_PARAMETERS: Final = 100


def to_wrapper(query: bytes, *, shop_id: str, received_at: EpochMillis) -> dict[str, Any]:
    """Write *query* as the JSON our pixel would send.

    Raises:
        TerminalError: it is no UTF-8, has too many parameters, or a number is none.
    """
    said = _parameters(query)
    event: dict[str, Any] = {
        "id": said.get("id") or _derived_id(query, said, shop_id, received_at),
        "name": said.get("name"),
        "clientId": said.get("cid"),
        "timestamp": _moment(said.get("ts"), received_at),
        "context": {
            "document": {
                "location": {"href": said.get("url")},
                "referrer": said.get("ref"),
                "title": said.get("title"),
            }
        },
    }
    if said.get("name") in STANDARD:
        event["data"] = _standard_data(said)
    else:
        event["customData"] = {name: value for name, value in said.items() if name not in _OURS}
    browser = {"fbp": said.get("fbp"), "fbc": said.get("fbc")}
    return {"event": event, "customer": {"id": said.get("cust")}, "browser": browser}


def parameter_of(field: str) -> str:
    """Name the parameter that the *field* of a refused event was made of."""
    return _PARAMETER_OF.get(field, field)


def _parameters(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query.decode(), errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise TerminalError("bad_value", "query", "no UTF-8") from None
    except ValueError:
        raise TerminalError("too_large", "query", f"more than {_MOST_PARAMETERS} parameters") from None
    return dict(reversed(pairs))  # the first of each name counts


def _derived_id(query: bytes, said: Mapping[str, str], shop_id: str, received_at: EpochMillis) -> str:
    """Name the event after what it says; without a time of its own each request is another event."""
    when = said.get("ts") or str(received_at)
    return derived_event_id(shop_id, said.get("cid", ""), sha256(query).hexdigest(), when)


def _moment(text: str | None, received_at: EpochMillis) -> str | int:
    if not text:
        return received_at
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else text


def _standard_data(said: Mapping[str, str]) -> dict[str, Any]:
    name, currency = said["name"], said.get("cur")
    value = {"amount": _number(said, "value"), "currencyCode": currency}
    variant = {
        "id": said.get("vid"),
        "sku": said.get("sku"),
        "price": {"amount": _number(said, "price"), "currencyCode": currency},
        "product": {"id": said.get("pid"), "title": said.get("ptitle")},
    }
    pieces = _number(said, "qty")
    line = {"merchandise": variant, "quantity": None if pieces is None else int(pieces), "cost": {"totalAmount": value}}
    if name == "product_viewed":
        return {"productVariant": variant}
    if name.startswith("product_"):
        return {"cartLine": line}
    if name == "cart_viewed":
        return {"cart": {"id": said.get("cart"), "cost": {"totalAmount": value}}}
    if name == "search_submitted":
        return {"searchResult": {"query": said.get("q")}}
    if name.startswith(("checkout_", "payment_")):
        order = {"id": said.get("oid"), "customer": {"id": said.get("cust")}}
        items = [{"variant": variant, "quantity": line["quantity"]}] if "vid" in said or "pid" in said else []
        checkout = {"token": said.get("token"), "totalPrice": value, "currencyCode": currency}
        return {"checkout": checkout | {"order": order, "lineItems": items}}
    return {}


def _number(said: Mapping[str, str], name: str) -> float | None:
    if not said.get(name):
        return None
    try:
        number = float(said[name])
    except ValueError:
        raise TerminalError("wrong_type", name) from None
    if not abs(number) <= LARGEST_AMOUNT:
        raise TerminalError("bad_value", name)
    return number
