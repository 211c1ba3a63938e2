"""What an item is about: one variant, or the whole product with the variant that gives it its price."""

from typing import NamedTuple

from connectors.meta.catalog.availability import Stocked
from connectors.meta.catalog.fields import Source, mapped
from schemas.catalog_records import Catalog
from schemas.records import Product, ProductChange, Shop, Variant


class Subject(NamedTuple):
    """One item to be. *pictures* are whole addresses, the first one its own."""

    change: ProductChange
    product: Product
    variant: Variant
    catalog: Catalog
    shop: Shop
    stocked: Stocked
    pictures: list[str]
    is_parent: bool

    @property
    def is_alone(self) -> bool:
        """Whether the product has no other variant."""
        return len(self.product["variants"]) == 1

    @property
    def itself(self) -> Variant | None:
        """The variant whose features are the item's; None where the item stands for several."""
        return self.variant if not self.is_parent or self.is_alone else None

    def mapped(self, attribute: str) -> str | None:
        """Return what the catalog's own mapping says of *attribute*; None where it says nothing."""
        rule = self.catalog["fields"].get(attribute)
        return None if rule is None else mapped(rule, Source(self.change, self.product, self.itself))
