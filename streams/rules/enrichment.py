"""Adds what the catalog knows to an event, and joins the two without encoding the event again.

In: an event's items and the catalog. Out: one `ProductFacts` per item, in the same order. The price is the catalog's
as of now: cart events have been seen with a price a hundred times too small.
"""

from collections.abc import Sequence
from functools import lru_cache

from schemas.records import Item, ProductFacts
from streams.rules.catalogs import Found


def facts(item: Item, found: Found | None) -> ProductFacts:
    """Say of *item* what the catalog knows; an unknown one keeps the ids its sender gave it."""
    if found is None:
        return _unknown(item)
    entry, offer = found
    return {
        "known": True,
        "product_id": entry.product_id,
        "variant_id": offer.variant_id if offer else item["variant_id"],
        "title": entry.title,
        "image_url": (offer.image_url if offer else None) or entry.image_url,
        "category": entry.category,
        "brand": entry.brand,
        "price": offer.price if offer else None,
        "currency": entry.currency,
        "sku": offer.sku if offer else item["sku"],
        "status": entry.status,
        "catalog_version": entry.version,
    }


def _unknown(item: Item) -> ProductFacts:
    return {
        "known": False,
        "product_id": item["product_id"],
        "variant_id": item["variant_id"],
        "title": None,
        "image_url": None,
        "category": None,
        "brand": None,
        "price": None,
        "currency": None,
        "sku": item["sku"],
        "status": None,
        "catalog_version": None,
    }


def splice(event: bytes, session_id: str, person_id: str, products: Sequence[bytes], late: bool) -> bytes:
    """Write a bare `EnrichedEvent` around the bare bytes of its event and of its products' facts.

    Avro writes a record as its fields one after the other, without names or lengths
    (https://avro.apache.org/docs/1.12.0/specification/#records), and `event` is the first.
    """
    block = _long(len(products)) + b"".join(products) + b"\0" if products else b"\0"
    return b"".join((event, _string(session_id), _string(person_id), block, b"\1\0" if late else b"\0\0"))


def splice_retraction(event: bytes, session_id: str, person_id: str) -> bytes:
    """Write a bare `EnrichedEvent` that takes back what was said of *event*."""
    return b"".join((event, _string(session_id), _string(person_id), b"\0\0\1"))


@lru_cache(maxsize=65_536)  # a session's events come together
def _string(text: str) -> bytes:
    written = text.encode()
    return _long(len(written)) + written


def _long(number: int) -> bytes:
    """Write a non-negative length or count as Avro does: zigzag, seven bits a byte."""
    rest, out = number << 1, bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)
