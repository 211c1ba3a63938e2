"""Shopify's own product CSVs: every product comes out, and nothing is wrong with them."""

import csv
import os
from pathlib import Path

import pytest

from connectors.csv.columns import Mapping
from deploy.importing import check, open_file
from tests.builders import a_shop

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared"))
SAMPLES = SHARED / "datasets/shopify_product_csv"

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="no samples: set STORESTREAM_SHARED")


@pytest.mark.parametrize("name", ["apparel", "home-and-garden", "jewelery"])
def test_every_product_of_a_sample_is_importable(name: str) -> None:
    path = SAMPLES / f"{name}.csv"
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))

    found = check(open_file(path, Mapping(), a_shop()), most=1_000)

    assert [outcome.product_id for outcome in found.first] == list(dict.fromkeys(row["Handle"] for row in rows))
    assert found.importable == found.products == len(found.first)
    assert not {problem.code for problem in found.problems} - {"missing_image"}
    products = [outcome.change["product"] for outcome in found.first if outcome.change]
    told = [float(row["Variant Price"]) for row in rows if row["Variant Price"]]
    assert [variant["price"] for product in products if product for variant in product["variants"]] == told
