"""Writes what the catalog knows of each item, and remembers what it wrote for as long as the product is unchanged."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.codec import Codec
from schemas.records import Item
from streams.rules.catalogs import Catalog, Entry
from streams.rules.enrichment import facts
from streams.stitching.outcomes import Outcome

WRITTEN: Final = 50_000

Ids = tuple[str, str | None, str | None, str | None]


class Written(NamedTuple):
    """What was written of a product as the catalog knew it after so many *changes*; *entry* None: it did not."""

    changes: int
    entry: Entry | None
    facts: bytes


class Products:
    """The catalog, as bare `ProductFacts`."""

    def __init__(self, codec: Codec, catalog: Catalog) -> None:
        """Take the *catalog*, which others go on changing."""
        self._codec = codec
        self._catalog = catalog
        self._written: dict[Ids, Written] = {}

    def facts_of(self, shop_id: str, items: Sequence[Item], outcome: Outcome) -> list[bytes]:
        """Write the facts of *items*, in order; counts the unknown ones."""
        found = []
        for item in items:
            ids = (shop_id, item["variant_id"], item["product_id"], item["sku"])
            written = self._written.get(ids)
            if written is None or written.changes != self._catalog.changes:
                written = self._write(ids, item, written)
            found.append(written.facts)
            if written.entry is None:
                outcome.count("unknown_product")
        return found

    def _write(self, ids: Ids, item: Item, known: Written | None) -> Written:
        found, changes = self._catalog.find(*ids), self._catalog.changes
        entry = found.entry if found is not None else None
        if known is not None and known.entry is entry:
            written = known._replace(changes=changes)
        else:
            written = Written(changes, entry, self._codec.encode_bare("ProductFacts", facts(item, found)))
        if len(self._written) >= WRITTEN:
            self._written.clear()
        self._written[ids] = written
        return written
