"""What is wrong with a file that a person wrote is said in words, and none of its values with it."""

from collections.abc import Mapping
from typing import Any

import pytest

from analytics import retention
from schemas.errors import ConfigurationError, TerminalError
from schemas.product import parse_product
from schemas.shop import parse_shop

SHOP = {"shop_id": "demo", "domains": ["a.example"], "write_keys": ["k"]}
PRODUCT = {"product_id": "p", "title": "Ring", "variants": [{"variant_id": "v"}]}


def _catalog(**changes: Any) -> dict[str, Any]:
    return SHOP | {"catalogs": [{"name": "main", "catalog_id": "1", "token_env": "T"} | changes]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"product_id": 7}, "product_id (must be a text: put quotes around it)"),
        ({"titel": "x"}, "titel (there is no such name)"),
        ({"status": "gone"}, "status (must be 'active', 'draft' or 'archived')"),
        ({"variants": [{}]}, "variants.0.variant_id (missing)"),
        ({"variants": []}, "variants (needs 1 or more)"),
        ({"variants": "v"}, "variants (must be a list, as [a, b])"),
        ({"variants": ["v"]}, "variants.0 (must be names with values, as {a: b})"),
        ({"variants": [{"variant_id": "v", "price": "5,00"}]}, "variants.0.price (must be a number, as 12.50)"),
        ({"variants": [{"variant_id": "v", "price": -1}]}, "variants.0.price (must be 0 or more)"),
        ({"variants": [{"variant_id": ""}]}, "variants.0.variant_id (must not be empty)"),
        ({"variants": [{"variant_id": "v"}] * 2049}, "variants (are more than 2048)"),
        ({"description": "x" * 10_001}, "description (has more than 10000 characters)"),
        ({"currency": "eur"}, "currency (must match ^[A-Z]{3}$)"),
        ({"preorder_at": "2026-10-26T08:00:00"}, "preorder_at (needs a zone, as 2026-10-26T08:00:00+01:00)"),
    ],
)
def test_each_fault_of_a_product_is_said_in_words(changes: Mapping[str, Any], said: str) -> None:
    with pytest.raises(TerminalError) as caught:
        parse_product({**PRODUCT, **changes})

    assert (caught.value.detail, str(caught.value)) == (said, f"bad_value: {said}")


@pytest.mark.parametrize(
    ("catalog", "said"),
    [
        ({"methode": "api"}, "methode (there is no such name)"),
        ({"variants": "all"}, "variants (must be 'each' or 'parent')"),
        ({"full_sync_days": "often"}, "full_sync_days (must be a whole number)"),
        ({"primary": "perhaps"}, "primary (must be true or false)"),
        ({"include": {"price_from": 10, "price_to": 5}}, "include (price_from is above price_to)"),
    ],
)
def test_each_fault_of_a_catalog_is_said_in_words(catalog: Mapping[str, Any], said: str) -> None:
    with pytest.raises(TerminalError) as caught:
        parse_shop(_catalog(**catalog))

    assert caught.value.detail == f"catalogs.0.{said}"


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"events": {"days": 0}}, "tables.events.days (must be 1 or more)"),
        ({"events": {}}, "tables.events.days (missing)"),
        (
            {"events": {"days": 1, "shops": {"Ada's": 3}}},
            "tables.events.shops.Ada's (must match ^[a-z0-9][a-z0-9_-]*$)",
        ),
        ({}, "tables (needs 1 or more)"),
    ],
)
def test_each_fault_of_a_file_of_retention_is_said_in_words(tables: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        retention.parse({"tables": tables})

    assert str(caught.value) == f"retention: {said}"


def test_a_table_that_retention_does_not_know_is_told_those_it_knows() -> None:
    with pytest.raises(ConfigurationError, match=r"retention: the file "):
        retention.parse([])
    with pytest.raises(ConfigurationError, match=r"tables\.evnts \(must be 'events', 'sessions', .* or 'alerts'\)$"):
        retention.parse({"tables": {"evnts": {"days": 3}}})
