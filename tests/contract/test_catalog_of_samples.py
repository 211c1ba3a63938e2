"""The shop systems' own samples as a catalog lists them: each is an item, or has the reason the sample gives."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.bigcommerce.bodies import ProductBody
from connectors.bigcommerce.mapping import Asked, Names
from connectors.bigcommerce.mapping import to_product_change as of_bigcommerce
from connectors.csv.columns import Mapping
from connectors.woocommerce.bodies import Thing
from connectors.woocommerce.mapping import Told
from connectors.woocommerce.mapping import to_product_change as of_woocommerce
from deploy.importing import check, open_file
from deploy.servers.meta.catalog import item_rules
from schemas.bodies import validated
from schemas.records import ProductChange
from tests.builders import NOON, a_shop
from tests.doors import FakeSink
from tests.listed import listing_of
from tests.shopify_webhooks import delivered
from tests.storefronts import a_bigcommerce_access

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared"))
SAMPLES = SHARED / "payloads"
FILES = SHARED / "datasets/shopify_product_csv"

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="no samples: set STORESTREAM_SHARED")


def sample(path: str) -> Any:
    return json.loads((SAMPLES / path).read_text())


def woocommerce(name: str, *variations: str) -> ProductChange:
    first, *others = (validated(Thing, sample(f"woocommerce/{each}.json")) for each in (name, *variations))
    return of_woocommerce(first, others, Told(a_shop(), "d", NOON))


def assert_metas(change: ProductChange, **catalog: Any) -> list[dict[str, Any]]:
    items = listing_of(change, **catalog).items
    for item in items:
        assert item_rules.missing(item.item_id, item.data) == []
        assert item_rules.judge(item.data) == item_rules.Verdict([], [])
    return [item.data for item in items]


async def test_shopifys_sample_has_no_pictures_and_no_skus() -> None:
    sink = FakeSink()
    await delivered(sink, "products/create", (SAMPLES / "shopify_webhook/official_products_create.json").read_bytes())
    (change,) = sink.products

    left = listing_of(change, id_template="{sku}").skipped

    assert [(each.reason, each.others) for each in left] == [("missing_sku", ("missing_image",))] * 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda: woocommerce("product_simple"), {"price": "21.99 EUR", "brand": "demo.myshopify.com"}),
        (lambda: woocommerce("product_variable", "variation"), {"price": "9.00 EUR", "color": "Black"}),
    ],
)
def test_woocommerces_samples_are_items(change: Any, told: dict[str, str]) -> None:
    (item,) = assert_metas(change())

    assert item.items() >= told.items()
    assert "<" not in item["description"]


def test_bigcommerces_sample_is_an_item_for_each_variant() -> None:
    body = sample("bigcommerce/catalog_product_get.json")["data"]
    body |= {"variants": sample("bigcommerce/catalog_variants_get.json")["data"]}
    picture = {"images": [{"url_standard": "https://cdn.example/jar.jpg"}]}  # the sample was fetched without
    asked = Asked(a_shop(), a_bigcommerce_access(), "d", NOON)

    change = of_bigcommerce(validated(ProductBody, body | picture), Names({"36": "Le Parfait"}, {}), asked)
    items = assert_metas(change)

    assert [(each["price"], each["sale_price"]) for each in items] == [
        ("10.00 EUR", "8.00 EUR"),
        ("25.00 EUR", "20.00 EUR"),
        ("25.00 EUR", "20.00 EUR"),
    ]


@pytest.mark.parametrize("name", ["apparel", "home-and-garden", "jewelery"])
def test_shopifys_sample_files_are_items_or_lack_what_the_file_lacks(name: str) -> None:
    path = FILES / f"{name}.csv"
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    priced = [row for row in rows if row["Variant Price"]]

    changes = [each.change for each in check(open_file(path, Mapping(), a_shop()), most=1_000).first if each.change]
    listings = [listing_of(change, drafts=True) for change in changes]

    skipped = [each for listing in listings for each in listing.skipped]
    told = [item for change in changes for item in assert_metas(change, drafts=True)]
    assert len(told) + len(skipped) == len(priced)
    assert {each.reason for each in skipped} <= {"missing_image", "missing_link"}
