"""Writes what the catalog knows of each item, and remembers what it wrote for as long as the product is unchanged."""

from collections.abc import Sequence
from typing import Final

from schemas.codec import Codec
from schemas.records import Item
from streams.rules.catalogs import Catalog, Entry
from streams.rules.enrichment import facts
from streams.stitching.outcomes import Outcome

WRITTEN: Final = 50_000

Ids = tuple[str, str | None, str | None, str | None]


class Products:
    """The catalog, as bare `ProductFacts`."""

    def __init__(self, codec: Codec, catalog: Catalog) -> None:
        """Take the *catalog*, which others go on changing."""
        self._codec = codec
        self._catalog = catalog
        self._written: dict[Ids, tuple[Entry | None, bytes]] = {}

    def facts_of(self, shop_id: str, items: Sequence[Item], outcome: Outcome) -> list[bytes]:
        """Write the facts of *items*, in order; counts the unknown ones."""
        found = []
        for item in items:
            entry, written = self._facts(shop_id, item)
            found.append(written)
            if entry is None:
                outcome.count("unknown_product")
        return found

    def _facts(self, shop_id: str, item: Item) -> tuple[Entry | None, bytes]:
        ids = (shop_id, item["variant_id"], item["product_id"], item["sku"])
        found = self._catalog.find(*ids)
        entry = found.entry if found is not None else None
        known = self._written.get(ids)
        if known is not None and known[0] is entry:
            return known
        if len(self._written) >= WRITTEN:
            self._written.clear()
        made = (entry, self._codec.encode_bare("ProductFacts", facts(item, found)))
        self._written[ids] = made
        return made
