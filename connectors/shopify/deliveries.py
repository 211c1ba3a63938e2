"""One product or stock webhook as it was delivered, and the change it tells, with its version."""

from typing import Final, NamedTuple

from schemas.records import EpochMillis, Product, ProductChange, Shop

MOST_AHEAD_MILLIS: Final = 300_000
"""How far Shopify's clock may be ahead of ours."""


class Delivery(NamedTuple):
    """What the headers of one webhook say. *triggered_at* and *received_at* are milliseconds."""

    shop: Shop
    topic: str
    delivery_id: str
    triggered_at: EpochMillis | None
    received_at: EpochMillis


def version_of(delivery: Delivery, updated_at: EpochMillis | None) -> EpochMillis:
    """Say as of when what is delivered holds. A time to come would keep out every later change, so it is not believed.

    Deliveries come in any order, and `updated_at` has only seconds: the later of both counts.
    """
    told = max(updated_at or 0, delivery.triggered_at or 0)
    return told if 0 < told <= delivery.received_at + MOST_AHEAD_MILLIS else delivery.received_at


def to_change(
    delivery: Delivery, product_id: str, action: str, updated_at: EpochMillis | None, product: Product | None
) -> ProductChange:
    """Make the change that a delivery tells, with its version."""
    return ProductChange(
        shop_id=delivery.shop["shop_id"],
        product_id=product_id,
        action=action,
        source="shopify",
        delivery_id=delivery.delivery_id,
        occurred_at=version_of(delivery, updated_at),
        received_at=delivery.received_at,
        product=product,
        inventory=None,
    )
