"""What a shop's products would be in a catalog at Meta, before anything is sent.

In: `products.changed`, read once to its end, and a catalog's settings. Out: a `Preview`: counts, and the first of each.
The products are kept and listed by the very code of the process `catalog`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from connectors.kafka import registry
from connectors.kafka.follower import Follower
from connectors.meta.catalog.items import CatalogItem, Listing, Skipped
from schemas.catalog_records import Catalog
from schemas.records import EpochMillis, Shop
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import PRODUCTS_CHANGED
from streams.cataloguing.products import Products

MOST_DUPLICATES: Final = 1_000


class Preview(NamedTuple):
    """A catalog as it would be. *items*, *skipped* and *duplicates* hold the first; the counts count all.

    *duplicates*: an id to the products that would have it; Meta ignores all of them.
    """

    products: int
    listed: int
    items: list[CatalogItem]
    skipped: list[Skipped]
    reasons: Counter[str]
    warnings: Counter[str]
    filtered: Counter[str]
    duplicates: dict[str, list[str]]

    @property
    def is_clean(self) -> bool:
        """Whether everything that is wanted can be listed."""
        return not self.reasons and not self.duplicates

    def to_json(self) -> dict[str, Any]:
        """Say it as JSON."""
        return {
            "products": self.products,
            "items": self.listed,
            "skipped": dict(self.reasons.most_common()),
            "warnings": dict(self.warnings.most_common()),
            "filtered": dict(self.filtered.most_common()),
            "duplicates": self.duplicates,
            "first_items": [{"data": item.data, "warnings": list(item.warnings)} for item in self.items],
            "first_skipped": [each._asdict() for each in self.skipped],
        }


async def read_products(*, timeout_seconds: float = 300) -> Products:
    """Read all shops' products. Raises `TransientError` when that takes longer than *timeout_seconds*."""
    kafka = settings(KafkaSettings)
    products = Products(await registry.codec(settings(RegistrySettings), kafka))
    follower = Follower(kafka.bootstrap_servers, kafka.prefix + PRODUCTS_CHANGED.name, products.apply)
    await follower.start()
    try:
        await follower.caught_up(timeout_seconds)
    finally:
        await follower.stop()
    return products


def listings(
    products: Products, shop: Shop, catalog: Catalog, product_ids: Iterable[str], now: EpochMillis
) -> Iterator[Listing]:
    """Say of each of the products what it is in *catalog*; one that nobody told of is nothing."""
    for product_id in product_ids:
        listing = products.listing(shop, catalog, product_id, now)
        if listing is not None:
            yield listing


def preview(listed: Iterable[Listing], most: int) -> Preview:
    """Sum up what products are in a catalog, with the first *most* items and as many that are skipped."""
    found = Preview(0, 0, [], [], Counter(), Counter(), Counter(), {})
    products = items = 0
    owners: dict[str, str] = {}
    for listing in listed:
        products += any(listing)
        items += len(listing.items)
        found.items.extend(listing.items[: max(0, most - len(found.items))])
        found.skipped.extend(listing.skipped[: max(0, most - len(found.skipped))])
        _count(found, listing)
        for item in listing.items:
            owner = owners.setdefault(item.item_id, item.product_id)
            if owner != item.product_id and len(found.duplicates) < MOST_DUPLICATES:
                found.duplicates.setdefault(item.item_id, [owner]).append(item.product_id)
    return found._replace(products=products, listed=items)


def _count(found: Preview, listing: Listing) -> None:
    found.reasons.update(each.reason for each in listing.skipped)
    found.warnings.update(warning for item in listing.items for warning in item.warnings)
    found.filtered.update(each.rule for each in listing.filtered)
