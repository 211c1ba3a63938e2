"""What a pull from any shop system yields: batches of changes, and where to go on behind each."""

from typing import NamedTuple

from schemas.records import ProductChange


class Refused(NamedTuple):
    """A product that could not be read: which, and what is wrong with it; no values."""

    product_id: str
    reason: str
    field: str


class Batch(NamedTuple):
    """Some products. *position* is where the next batch begins; *total* is 0 where the system does not say."""

    changes: list[ProductChange]
    refused: list[Refused]
    position: str
    total: int
