"""What `storestream catalogs preview|validate|clone` say, without Kafka."""

import json

import pytest

from connectors.meta.catalog.reasons import REASONS, of_message
from deploy.catalog_checks import advice, cloned
from deploy.catalog_preview import preview
from deploy.servers.meta.catalog import item_rules
from schemas.errors import TerminalError
from schemas.records import Shop
from tests.builders import NOON, a_shop
from tests.forwarded import a_destination
from tests.listed import a_bracelet, a_catalog, listing_of


def a_shop_with(**catalog: object) -> Shop:
    return a_shop(catalogs=[a_catalog(**catalog)], destinations=[a_destination()])


def test_counts_are_of_all_and_items_only_the_first() -> None:
    names = [f"p{number}" for number in range(5)]
    listings = [listing_of(a_bracelet({"variant_id": name}) | {"product_id": name}) for name in names]

    found = preview([*listings, listing_of(a_bracelet(url=None)), listing_of(a_bracelet(status="draft"))], most=2)

    assert (found.products, found.listed, len(found.items)) == (7, 5, 2)
    assert (found.reasons, found.filtered, found.is_clean) == ({"missing_link": 1}, {"draft": 1}, False)
    assert json.loads(json.dumps(found.to_json()))["items"] == 5


def test_an_id_that_products_share_names_them() -> None:
    listings = [listing_of(a_bracelet() | {"product_id": name}) for name in ("p1", "p2", "p3")]

    found = preview(listings, most=0)

    assert (found.duplicates, found.is_clean) == ({"43751530397931": ["p1", "p2", "p3"]}, False)


def test_settings_that_can_hardly_be_meant_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_TOKEN_DEMO", "t")
    shop = a_shop_with(
        id_template="{sku}-{country}", fields={"colour": {"default": "red"}, "color": {"default": "red"}}
    )

    others = [shop, a_shop_with() | {"shop_id": "twin"}]
    told = " / ".join(advice(shop | {"country": None}, shop["catalogs"][0], others))

    assert "fields.colour" in told
    assert "fields.color:" not in told
    assert "the shop has none" in told
    assert "Meta would match none" in told
    assert "not set" not in told
    assert "catalog_id is also of shop twin:" in told
    assert "of shop demo" not in told


def test_settings_that_fit_are_told_nothing_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_TOKEN_DEMO", "t")
    shop = a_shop_with()

    assert list(advice(shop, shop["catalogs"][0])) == []


def test_a_copy_is_all_of_it_but_what_must_differ() -> None:
    shop = a_shop_with(exclude={"tags": ["x"]}, safety_stock=2, fields={"brand": {"default": "Acme"}})
    changes = {"name": "de", "catalog_id": "99", "token_env": "TOKEN_DE"}

    changed, file = cloned(shop, "main", changes, NOON + 1)

    assert changed["catalogs"] == [shop["catalogs"][0], shop["catalogs"][0] | changes | {"primary": False}]
    assert (changed["updated_at"], file.name) == (NOON + 1, "de")
    with pytest.raises(TerminalError, match="name: another catalog"):
        cloned(changed, "main", changes, NOON)


@pytest.mark.parametrize("field", sorted(item_rules.KNOWN))
def test_what_the_stand_in_says_of_an_item_is_understood(field: str) -> None:
    wrong = {field: "x" * 10_000}
    told = [*item_rules.missing("1", {}), *item_rules.judge(wrong).errors, *item_rules.unrecognised("1", {"x": 1})]

    assert all(of_message(message)[0] in set(REASONS) - {"refused"} for message in told), told
