"""What is missing in a catalog, variant by variant; drafts and deleted products are nobody's fault."""

from collections.abc import Iterator
from typing import Any

import pytest

from analytics.questions import query
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.records import ProductChange
from schemas.settings import ClickHouseSettings
from tests.builders import NOON, a_product_change
from tests.integration.weeks_database import empty_database

pytestmark = pytest.mark.integration


def a_product(product_id: str, *, at: int = NOON, action: str = "upsert", **changes: Any) -> ProductChange:
    """A product without fault, but for *changes* of it or of its one variant."""
    change = a_product_change(product_id=product_id, occurred_at=at, action=action)
    product = change["product"]
    assert product is not None
    variant: dict[str, Any] = dict(product["variants"][0])
    told: dict[str, Any] = dict(product)
    for name, value in changes.items():
        (variant if name in variant and name not in ("title", "image_url") else told)[name] = value
        if name == "image_url":
            variant[name] = value
    return change | {"product": {**told, "variants": [variant]}}  # type: ignore[return-value]


CATALOG = [
    a_product("whole"),
    a_product("mended", price=0),
    a_product("mended", at=NOON + 1),
    a_product("nameless", title=None),
    a_product("free", price=0),
    a_product("priceless", price=None),
    a_product("unseen", image_url=None),
    a_product("pageless", handle=None),
    a_product("unmade", brand=None),
    a_product("unsorted", category=None),
    a_product("unnumbered", sku=None),
    a_product("dearer", compare_at_price=1.0),
    a_product("gone", inventory_quantity=0),
    a_product("gone_too", inventory_quantity=-2),
    a_product("sold", inventory_item_id="sold"),
    a_product("back", inventory_quantity=0, inventory_item_id="back"),
    a_product("draft", title=None, status="draft"),
    a_product("deleted", title=None),
    a_product("deleted", at=NOON + 1, action="delete"),
]

LEVELS = [
    ("sold", "here", NOON, 9),
    ("sold", "here", NOON + 1, 0),
    ("sold", "there", NOON, None),
    ("back", "here", NOON, 5),
]


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    with empty_database(clickhouse_url) as made:
        inserter = Inserter(made)
        rows = [row for each in CATALOG for row in rows_of("products.changed", each, 0, 0)["products"]]
        levels = [["demo", item, where, at / 1000, at / 1000, available] for item, where, at, available in LEVELS]
        for token in ("1", "2"):
            inserter.insert("products", rows, token)
            inserter.insert("inventory_levels", levels, token)
        inserter.close()
        yield made


def test_each_fault_is_told_with_its_products(clickhouse: ClickHouseSettings) -> None:
    answer = query("catalog_health", clickhouse, shop="demo", examples=5)

    told = {row[0]: (row[1], list(row[4])) for row in answer.rows}
    assert told == {
        "no price": (2, ["free", "priceless"]),
        "out of stock": (3, ["gone", "gone_too", "sold"]),
        "neither barcode nor sku": (1, ["unnumbered"]),
        "no brand": (1, ["unmade"]),
        "no category": (1, ["unsorted"]),
        "no page": (1, ["pageless"]),
        "no picture": (1, ["unseen"]),
        "no title": (1, ["nameless"]),
        "reduced to no less": (1, ["dearer"]),
    }
    assert answer.rows[0][3] == pytest.approx(3 / 15, abs=1e-4)
