"""Every case of `tests/contract/catalog_items`: a product in, a catalog's items out, and Meta's rules agree."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from connectors.meta.catalog.availability import Stand
from connectors.meta.catalog.items import Listing
from connectors.meta.catalog.listing import listed
from deploy.servers.meta.catalog import item_rules
from schemas.product import parse_product
from tests.builders import NOON, a_shop
from tests.listed import a_catalog

CASES = sorted((Path(__file__).parent / "catalog_items").glob("*.yaml"))
KEYS = {"about", "product", "catalog", "shop", "stock", "source", "items", "warnings", "skipped", "filtered"}


class Case(NamedTuple):
    told: dict[str, Any]
    listing: Listing


def read(path: Path) -> Case:
    told = yaml.safe_load(path.read_text())
    assert set(told) <= KEYS
    shop = a_shop(**told.get("shop", {}))
    change = parse_product(told["product"]).to_change(shop, "d1", NOON)
    change["source"] = told.get("source", "hand")
    stock = {
        item: {place: Stand(available, NOON + 1) for place, available in levels.items()}
        for item, levels in told.get("stock", {}).items()
    }
    return Case(
        told, listed(change, a_catalog(**told.get("catalog", {})), shop, lambda item: stock.get(item, {}), NOON)
    )


cases = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


@cases
def test_product_becomes_items(path: Path) -> None:
    told, listing = read(path)

    assert [item.data for item in listing.items] == told["items"]
    assert {item.item_id: list(item.warnings) for item in listing.items if item.warnings} == told.get("warnings", {})


@cases
def test_what_is_left_out_has_its_reason(path: Path) -> None:
    told, listing = read(path)

    assert {each.variant_id: each.reason for each in listing.skipped} == told.get("skipped", {})
    assert {each.variant_id: each.rule for each in listing.filtered} == told.get("filtered", {})


@cases
def test_meta_takes_every_item(path: Path) -> None:
    for item in read(path).listing.items:
        assert item_rules.missing(item.item_id, item.data) == []
        assert item_rules.unrecognised(item.item_id, item.data) == []
        assert item_rules.judge(item.data) == item_rules.Verdict([], [])
