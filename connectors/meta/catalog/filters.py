"""Which products and variants a catalog is about.

`include`: every line that is written must be met, by one of its values. `exclude`: one line that is met is enough.
Names are compared without case. A variant without a price passes every price range: it is skipped with a reason later.
"""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from schemas.catalog_records import Catalog, CatalogFilter
from schemas.records import Product, Variant

Rule = Literal["draft", "archived", "not_included", "excluded", "price_range", "sold_out"]
RULES: Final[tuple[str, ...]] = get_args(Rule)


def of_product(product: Product, catalog: Catalog) -> Rule | None:
    """Name the rule that keeps *product* out of *catalog*; None when none does."""
    status = product["status"]
    if status == "archived":
        if not catalog["archived"]:
            return "archived"
    elif status != "active" and not catalog["drafts"]:
        return "draft"
    include, exclude = catalog["include"], catalog["exclude"]
    if include is not None and not all(_met(include, product)):
        return "not_included"
    if exclude is not None and any(_met(exclude, product)):
        return "excluded"
    return None


def of_variant(variant: Variant, catalog: Catalog) -> Rule | None:
    """Name the rule that keeps *variant* out of *catalog* by what it costs; None when none does."""
    price = variant["price"]
    if price is None:
        return None
    include, exclude = catalog["include"], catalog["exclude"]
    if include is not None and not _in_range(price, include):
        return "price_range"
    if exclude is not None and _has_range(exclude) and _in_range(price, exclude):
        return "price_range"
    return None


def _met(wanted: CatalogFilter, product: Product) -> list[bool]:
    """Tell of each line that is written whether *product* meets it."""
    lines = (
        (wanted["collections"], product["collections"]),
        (wanted["tags"], product["tags"]),
        (wanted["types"], [*product["categories"], product["category"]]),
        (wanted["brands"], [product["brand"]]),
    )
    return [not _names(values).isdisjoint(_names(there)) for values, there in lines if values]


def _names(texts: Iterable[str | None]) -> set[str]:
    return {text.strip().casefold() for text in texts if text}


def _has_range(wanted: CatalogFilter) -> bool:
    return wanted["price_from"] is not None or wanted["price_to"] is not None


def _in_range(price: float, wanted: CatalogFilter) -> bool:
    low, high = wanted["price_from"], wanted["price_to"]
    return (low is None or price >= low) and (high is None or price <= high)
