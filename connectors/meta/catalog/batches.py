"""How request records become one request to `items_batch`, within Meta's limits; pure.

https://developers.facebook.com/docs/marketing-api/reference/product-catalog/items_batch
"""

from collections.abc import Sequence
from typing import Final

MAX_ITEMS: Final = 5_000
MAX_BYTES: Final = 28_000_000
_HEAD: Final = b'{"item_type":"PRODUCT_ITEM","allow_upsert":true,"requests":['
_TAIL: Final = b"]}"


class Gathering:
    """Records that will be one request: at most *most* of them, and never over `MAX_BYTES`."""

    def __init__(self, most: int) -> None:
        """Begin empty."""
        self._most = min(max(1, most), MAX_ITEMS)
        self.records: list[bytes] = []
        self.size = len(_HEAD) + len(_TAIL)

    def fits(self, record: bytes) -> bool:
        """Tell whether *record* may join. A first one always may: alone it is as small as it gets."""
        if not self.records:
            return True
        return len(self.records) < self._most and self.size + len(record) + 1 <= MAX_BYTES

    def add(self, record: bytes) -> None:
        """Take *record*."""
        self.records.append(record)
        self.size += len(record) + 1

    def add_fitting(self, records: Sequence[bytes]) -> int:
        """Take *records* in their order until one does not fit; returns how many were taken."""
        for number, record in enumerate(records):
            if not self.fits(record):
                return number
            self.add(record)
        return len(records)

    @property
    def is_full(self) -> bool:
        """Whether no record may join any more."""
        return len(self.records) >= self._most


def to_body(records: Sequence[bytes]) -> bytes:
    """Join *records*, each the JSON of one request, into the body of one request to Meta."""
    return _HEAD + b",".join(records) + _TAIL
