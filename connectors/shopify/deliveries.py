"""One product or stock webhook as it was delivered, and the change it tells, with its version."""

from typing import NamedTuple

from schemas.records import EpochMillis, Product, ProductChange, Shop


class Delivery(NamedTuple):
    """What the headers of one webhook say. *triggered_at* and *received_at* are milliseconds."""

    shop: Shop
    topic: str
    delivery_id: str
    triggered_at: EpochMillis | None
    received_at: EpochMillis


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
        # Deliveries come in any order, and `updated_at` has only seconds: the later of both is the version.
        occurred_at=max(updated_at or 0, delivery.triggered_at or 0) or delivery.received_at,
        received_at=delivery.received_at,
        product=product,
        inventory=None,
    )
