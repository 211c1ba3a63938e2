"""Catalogs at Meta and what products are in them, for tests: ordinary, and different only where a test says so."""

from typing import Any, cast

from connectors.meta.catalog.availability import Stock
from connectors.meta.catalog.items import CatalogItem, Listing
from connectors.meta.catalog.listing import listed
from schemas.catalog import CatalogFile
from schemas.catalog_records import Catalog
from schemas.records import ProductChange, Variant
from tests.builders import NOON, a_product_change, a_shop


def a_catalog(**changes: Any) -> Catalog:
    """The catalog `main` of the shop `demo`: each variant an item, *changes* as a person writes them."""
    file = CatalogFile.model_validate({"name": "main", "catalog_id": "1234", "token_env": "META_TOKEN_DEMO"} | changes)
    return cast(Catalog, file.to_record(primary=True))


def a_bracelet(*variants: dict[str, Any], **changes: Any) -> ProductChange:
    """The bracelet with everything Meta needs; *changes* are of the product, *variants* each change the blue one."""
    change = a_product_change()
    blue = change["product"]["variants"][0] if change["product"] else cast(Variant, {})
    described = {"description": "A bracelet.", "url": "https://shop.example/products/bracelet"}
    product = cast(dict[str, Any], change["product"]) | described | changes
    if variants:
        product["variants"] = [blue | each for each in variants]
    return change | {"product": product}  # type: ignore[return-value]


def listing_of(change: ProductChange, stock: Stock = lambda item: {}, **catalog: Any) -> Listing:
    """What *change* is in a catalog; *catalog* says what is not ordinary about it."""
    return listed(change, a_catalog(**catalog), a_shop(), stock, NOON)


def an_item_of_the_bracelet(**changes: Any) -> CatalogItem:
    """The bracelet's only item; *changes* are of the product."""
    (item,) = listing_of(a_bracelet(**changes)).items
    return item
