"""The id of a product in Meta's catalog, as a destination's template spells it.

It must equal the catalog item's `id` exactly; what Shopify's variant 43 of product 7 is called differs by shop:
`{variant_id}`, `{product_id}`, `{sku}`, `shopify_{country}_{product_id}_{variant_id}`.
"""

from functools import lru_cache
from typing import NamedTuple

from schemas.catalog import ITEM_ID_FIELD, ITEM_ID_FIELDS
from schemas.errors import ConfigurationError
from schemas.records import Item, ProductFacts


class Template(NamedTuple):
    """A content id's pieces: literals and field names in turn, a literal first and last."""

    pieces: tuple[str, ...]

    def fill(self, item: Item, facts: ProductFacts | None, country: str | None) -> str | None:
        """Name *item*: the catalog's ids before the event's. None when a field it needs is not known."""
        parts = [self.pieces[0]]
        for field, literal in zip(self.pieces[1::2], self.pieces[2::2], strict=True):
            found = country if field == "country" else _known(item, facts, field)
            if not found:
                return None
            parts += (found, literal)
        return "".join(parts)


@lru_cache(maxsize=1024)
def template(text: str) -> Template:
    """Take the template *text* apart.

    Raises:
        ConfigurationError: it names a field there is not.
    """
    pieces = ITEM_ID_FIELD.split(text)
    if unknown := [name for name in pieces[1::2] if name not in ITEM_ID_FIELDS]:
        raise ConfigurationError(f"content_id_template: {unknown[0]} is none of {', '.join(ITEM_ID_FIELDS)}")
    return Template(tuple(pieces))


def _known(item: Item, facts: ProductFacts | None, field: str) -> str | None:
    of_catalog = facts.get(field) if facts is not None and facts["known"] else None
    found = of_catalog or item.get(field)
    return str(found) if found else None
