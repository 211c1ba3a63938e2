"""A shop's catalogs at Meta, as a person writes them."""

from typing import Any

import pytest

from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.shop import parse_shop
from tests.builders import NOON

CODEC = Codec.from_lock()


def a_file(*catalogs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"shop_id": "demo", "domains": ["demo.example"], "write_keys": ["wk"], "catalogs": list(catalogs)} | changes


def a_catalog(**changes: Any) -> dict[str, Any]:
    return {"name": "main", "catalog_id": "11", "token_env": "META_TOKEN"} | changes


def test_a_catalog_of_three_lines_travels_and_comes_back() -> None:
    shop = parse_shop(a_file(a_catalog())).to_record(NOON)

    assert CODEC.decode(CODEC.encode("Shop", shop))["catalogs"] == shop["catalogs"]
    assert shop["catalogs"][0]["primary"]
    assert shop["catalogs"][0]["id_template"] == "{variant_id}"


def test_events_name_products_as_the_primary_catalog_does() -> None:
    catalogs = [a_catalog(), a_catalog(name="de", catalog_id="12", primary=True, id_template="{sku}")]
    destination = {"name": "main", "pixel_id": "1", "token_env": "T"}
    shop = parse_shop(a_file(*catalogs, destinations=[destination])).to_record(NOON)

    assert [each["primary"] for each in shop["catalogs"]] == [False, True]
    assert shop["destinations"][0]["content_id_template"] == "{sku}"


def test_where_parents_are_the_items_events_are_about_products_not_groups() -> None:
    destination = {"name": "main", "pixel_id": "1", "token_env": "T"}
    shop = parse_shop(a_file(a_catalog(variants="parent"), destinations=[destination])).to_record(NOON)

    assert shop["destinations"][0]["content_id_template"] == "{product_id}"
    assert shop["destinations"][0]["content_type"] == "product"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (a_catalog(catalog_id="x"), "catalogs.0.catalog_id"),
        (a_catalog(id_template="{shop}"), "catalogs.0.id_template"),
        (a_catalog(variants="parent", id_template="{sku}"), "catalogs.0"),
        (a_catalog(method="feed"), "catalogs.0"),
        (a_catalog(fields={"colour!": {"default": "x"}}), "catalogs.0.fields"),
        (a_catalog(fields={"price": {"default": "x"}}), "catalogs.0.fields"),
        (a_catalog(fields={"color": {"sources": ["farbe"]}}), "catalogs.0.fields.color.sources"),
        (a_catalog(fields={"color": {"sources": ["product.colour"]}}), "catalogs.0.fields.color.sources"),
        (a_catalog(fields={"color": {"sources": ["variant.options"]}}), "catalogs.0.fields.color.sources"),
        (a_catalog(include={"price_from": -1}), "catalogs.0.include.price_from"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(TerminalError) as caught:
        parse_shop(a_file(wrong))

    assert caught.value.field == field


def test_two_catalogs_of_one_name_are_refused() -> None:
    with pytest.raises(TerminalError, match="catalogs"):
        parse_shop(a_file(a_catalog(), a_catalog(catalog_id="12")))
