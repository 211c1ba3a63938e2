"""Envelopes as a busy shop's partition holds them, from a seed."""

import itertools
import random
from collections.abc import Iterator

from schemas.codec import Codec
from schemas.records import Event, ProductChange
from tests.builders import NOON, a_product_change, an_event, an_item

PRODUCTS = 500
UNKNOWN_PRODUCTS = 10
USER_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def products() -> Iterator[ProductChange]:
    """A catalog of a few hundred products."""
    for number in range(PRODUCTS):
        change = a_product_change(product_id=str(number))
        assert change["product"] is not None
        variant = change["product"]["variants"][0] | {"variant_id": f"4375153{number:07}", "sku": f"SKU-{number}"}
        change["product"]["variants"] = [variant]
        yield change


PARTITIONS = 4


def envelopes(codec: Codec, count: int, *, events: int = 100, visitors: int = 3_000) -> Iterator[bytes]:
    """Pages of *visitors* at once: two in three tell one product, one in six is of a customer who is logged in.

    The envelopes are for partition 0, 1, 2, 3, 0, ... in turn; each visitor is on one partition.
    """
    chance = random.Random(4711)
    pages = itertools.count(1)
    for place in range(count):
        yield _envelope(
            codec, events, (_page(chance, chance.randrange(place % PARTITIONS, visitors, PARTITIONS), n) for n in pages)
        )


def with_a_hot_key(codec: Codec, count: int, *, events: int = 100, visitors: int = 3_000) -> Iterator[bytes]:
    """As `envelopes`, all for one partition; every other page is of one visitor who never stops."""
    chance = random.Random(4711)
    pages = (_page(chance, chance.randrange(visitors) if n % 2 else visitors, n) for n in itertools.count(1))
    for _ in range(count):
        yield _envelope(codec, events, pages)


def _envelope(codec: Codec, events: int, pages: Iterator[list[Event]]) -> bytes:
    members: list[Event] = []
    while len(members) < events:
        members += next(pages)
    return codec.encode("EventEnvelope", {"events": members[:events]})


def _page(chance: random.Random, visitor: int, number: int) -> list[Event]:
    at, product = NOON + number * 25, chance.randrange(PRODUCTS + UNKNOWN_PRODUCTS)
    said = {
        "client_id": f"ece6cea2-0914-4dcd-8345-{visitor:012}",
        "received_at": at + 300,
        "user_agent": USER_AGENT,
        "fbp": f"fb.1.1596403881668.{visitor + 1}",
        "customer_id": str(visitor) if visitor % 6 == 0 else None,
        "utm": {"source": "instagram", "medium": "paid", "campaign": "spring"} if visitor % 3 == 0 else {},
        "url": f"https://shop.example/products/product-{product}?variant={product}",
        "referrer": "https://shop.example/collections/all",
        "title": f"Product {product} – Shop",
        "consent": {"analytics": True, "marketing": True, "preferences": True, "sale_of_data": True},
    }
    page = an_event(
        event_id=f"sh-{number:08x}-5ae1-4a07-9d6f-{visitor:012x}",
        name="page_viewed",
        occurred_at=at,
        items=[],
        **said,
    )
    if chance.random() < 1 / 3:
        return [page]
    item = an_item(product_id=str(product), variant_id=f"4375153{product:07}", sku=f"SKU-{product}")
    name = chance.choice(("product_viewed", "product_viewed", "product_viewed", "product_added_to_cart"))
    seen = an_event(
        event_id=f"sh-{number:08x}-5ae1-4a07-9d6e-{visitor:012x}", name=name, occurred_at=at + 1, items=[item], **said
    )
    return [page, seen]
