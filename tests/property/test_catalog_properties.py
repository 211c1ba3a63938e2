"""Whatever a shop calls a product: it is listed or has a reason, Meta takes it, and events name it by the same id."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.meta.catalog import filters, items, reasons
from connectors.meta.catalog.availability import Stand
from connectors.meta.catalog.listing import listed
from connectors.meta.products import described
from deploy.servers.meta.catalog import item_rules
from schemas.records import ProductChange
from schemas.shop import parse_shop
from streams.rules.catalogs import Catalog
from streams.rules.enrichment import facts
from tests.builders import NOON, a_shop, an_item
from tests.forwarded import a_destination, enriched
from tests.listed import a_bracelet, a_catalog
from tests.property.shop_products import catalogs, changes, levels, variants


@settings(max_examples=150, deadline=None)
@given(changes, catalogs, levels)
def test_every_variant_is_an_item_or_left_out_for_a_reason(
    change: ProductChange, catalog: dict[str, Any], stock: dict[str, Stand]
) -> None:
    listing = listed(change, a_catalog(**catalog), a_shop(), lambda item: stock, NOON)

    assert all(
        each.reason in reasons.REASONS and reasons.REASONS[each.reason].kind == "skipped" for each in listing.skipped
    )
    assert all(each.rule in filters.RULES for each in listing.filtered)
    told = len(listing.items) + len(listing.skipped) + len(listing.filtered)
    whole = catalog["variants"] == "parent" or any(each.variant_id is None for each in listing.filtered)
    assert told >= 1 if whole else told == len(change["product"]["variants"])  # type: ignore[index]


@settings(max_examples=150, deadline=None)
@given(changes, catalogs, levels)
def test_meta_takes_every_item(change: ProductChange, catalog: dict[str, Any], stock: dict[str, Stand]) -> None:
    listing = listed(change, a_catalog(**catalog), a_shop(), lambda item: stock, NOON)

    assert len({item.item_id for item in listing.items}) == len(listing.items)
    for item in listing.items:
        assert all(reasons.REASONS[warning].kind == "warning" for warning in item.warnings)
        assert item_rules.missing(item.item_id, item.data) == []
        assert item_rules.unrecognised(item.item_id, item.data) == []
        assert item_rules.judge(item.data).errors == []
        told = json.loads(items.payload(item, "UPDATE"))["data"]
        assert told == items.CLEARED | dict.fromkeys(item.without, "") | item.data


@settings(max_examples=100, deadline=None)
@given(changes, st.randoms())
def test_the_digest_is_of_what_is_told_and_not_of_its_order(change: ProductChange, random: Any) -> None:
    listing = listed(change, a_catalog(drafts=True, archived=True), a_shop(), lambda item: {}, NOON)

    for item in listing.items:
        shuffled = list(item.data.items())
        random.shuffle(shuffled)
        assert items.digest(item._replace(data=dict(shuffled), changed_at=1)) == items.digest(item)
        assert items.digest(item._replace(data=item.data | {"price": "0.01 XXX"})) != items.digest(item)


@settings(max_examples=150, deadline=None)
@given(variants, catalogs)
def test_an_event_names_the_item_by_its_id(variant: dict[str, Any], catalog: dict[str, Any]) -> None:
    change = a_bracelet(variant | {"price": 9.5})
    written = {"name": "main", "catalog_id": "1", "token_env": "T"} | catalog
    destination = {"name": "meta", "pixel_id": "1", "token_env": "T"}
    shop = parse_shop(
        {"shop_id": "demo", "domains": ["shop.example"], "write_keys": ["k"], "country": "DE", "currency": "EUR"}
        | {"catalogs": [written], "destinations": [destination]}
    ).to_record(NOON)
    known = Catalog()
    known.apply(change)

    for item in listed(change, shop["catalogs"][0], shop, lambda item: {}, NOON).items:
        viewed = an_item(product_id=change["product_id"], variant_id=variant["variant_id"], sku=None)
        found = known.find("demo", variant["variant_id"], change["product_id"], None)
        event = enriched([facts(viewed, found)], items=[viewed])
        sent = described(event, a_destination(**shop["destinations"][0]), shop["country"])
        assert sent["content_ids"] == [item.item_id]
        assert sent["content_type"] == "product"
