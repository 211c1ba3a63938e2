"""The catalog: changes folded by their own time, products found by what events say of them."""

from types import SimpleNamespace
from typing import Any

from schemas.records import ProductChange
from streams.rules.catalogs import Catalog
from streams.stitching.catalog_reader import CatalogReader
from tests.builders import NOON, a_product_change
from tests.stitched import CODEC

PRODUCT, VARIANT, SKU = "7992983748843", "43751530397931", "BR-BLUE"


def titled(title: str, **changes: Any) -> ProductChange:
    change = a_product_change(**changes)
    assert change["product"] is not None
    change["product"]["title"] = title
    return change


def catalog_of(*changes: ProductChange) -> Catalog:
    catalog = Catalog()
    for change in changes:
        catalog.apply(change)
    return catalog


def title_of(catalog: Catalog) -> str | None:
    found = catalog.find("demo", None, PRODUCT, None)
    return found.entry.title if found else None


def test_an_older_change_never_overwrites_a_newer_one() -> None:
    assert title_of(catalog_of(titled("new", occurred_at=NOON + 1), titled("old", occurred_at=NOON))) == "new"


def test_of_equal_times_the_later_record_counts() -> None:
    assert title_of(catalog_of(titled("first"), titled("second"))) == "second"


def test_a_deleted_product_is_not_brought_back_by_an_older_change() -> None:
    deleted = a_product_change(action="delete", product=None, occurred_at=NOON + 1)
    catalog = catalog_of(titled("one"), deleted, titled("late"))

    assert title_of(catalog) is None
    assert catalog.find("demo", VARIANT, PRODUCT, SKU) is None
    assert len(catalog) == 0


def test_a_variant_is_found_by_its_id_else_by_its_product_else_by_its_sku() -> None:
    catalog = catalog_of(titled("bracelet"))

    for ids in [(VARIANT, None, None), (None, PRODUCT, None), (None, None, SKU), ("gone", PRODUCT, None)]:
        found = catalog.find("demo", *ids)
        assert found is not None
        assert found.offer is not None
        assert found.offer.variant_id == VARIANT
    assert catalog.find("demo", "gone", "gone", "gone") is None
    assert catalog.find("another", VARIANT, PRODUCT, SKU) is None


def test_a_product_of_several_variants_has_no_price_when_none_is_named() -> None:
    change = titled("bracelet")
    assert change["product"] is not None
    red = change["product"]["variants"][0] | {"variant_id": "2", "sku": "BR-RED"}
    change["product"]["variants"].append(red)

    found = catalog_of(change).find("demo", None, PRODUCT, None)

    assert found is not None
    assert found.offer is None


def test_a_variant_that_left_its_product_is_found_no_more() -> None:
    change = titled("bracelet", occurred_at=NOON + 1)
    assert change["product"] is not None
    change["product"]["variants"] = []
    catalog = catalog_of(titled("bracelet"), change)

    assert catalog.find("demo", VARIANT, None, SKU) is None


def test_a_variant_that_moved_stays_with_its_new_product() -> None:
    catalog = catalog_of(titled("old home"), titled("new home", product_id="2"))
    catalog.apply(a_product_change(action="delete", product=None, occurred_at=NOON + 1))

    found = catalog.find("demo", VARIANT, None, None)
    assert found is not None
    assert found.entry.title == "new home"


def test_stock_is_summed_over_locations_each_by_its_own_time() -> None:
    def level(location: str, available: int | None, minute: int) -> ProductChange:
        inventory = {"inventory_item_id": "4711", "location_id": location, "available": available}
        return a_product_change(
            product_id="", action="inventory", product=None, inventory=inventory, occurred_at=NOON + minute
        )

    catalog = catalog_of(level("here", 5, 2), level("here", 9, 1), level("there", 3, 0), level("nowhere", None, 0))

    assert catalog.stock("demo", "4711") == 8
    assert catalog.stock("demo", "1") is None


def test_a_record_that_compaction_removed_is_forgotten_and_a_broken_one_passed_over() -> None:
    catalog = Catalog()
    reader = CatalogReader(CODEC, catalog)
    value = CODEC.encode("ProductChange", titled("bracelet"))

    reader.apply(SimpleNamespace(key=b"demo|1", value=value, partition=0, offset=0))
    reader.apply(SimpleNamespace(key=b"demo|1", value=b"{}", partition=0, offset=1))
    assert title_of(catalog) == "bracelet"

    reader.apply(SimpleNamespace(key=f"demo|{PRODUCT}".encode(), value=None, partition=0, offset=2))
    assert catalog.find("demo", VARIANT, PRODUCT, SKU) is None
