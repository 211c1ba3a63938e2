"""What a pull from any shop system yields: batches of changes, and where to go on behind each."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.records import ProductChange, Shop


class Refused(NamedTuple):
    """A product that could not be read: which, and what is wrong with it; no values."""

    product_id: str
    reason: str
    field: str


class Batch(NamedTuple):
    """Some products. *position* is where the next batch begins; *total* is 0 where the system does not say.

    *levels*: stock by location, which a shop wants of which a catalog counts only some locations.
    """

    changes: list[ProductChange]
    refused: list[Refused]
    position: str
    total: int
    levels: Sequence[ProductChange] = ()


def wants_levels(shop: Shop) -> bool:
    """Tell whether a catalog of *shop* counts the stock of some locations only: else the product's total says it."""
    return any(catalog["locations"] for catalog in shop["catalogs"])
