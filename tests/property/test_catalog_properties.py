"""Whatever a shop calls a product: it is listed or has a reason, Meta takes it, and events name it by the same id."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.meta.catalog import filters, items, reasons
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


def mostly(good: Any, odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One in eight is odd: a product has so many fields that else no product would be listed."""
    ordinary = good if isinstance(good, st.SearchStrategy) else st.just(good)
    return st.integers(0, 7).flatmap(lambda number: odd if number == 0 else ordinary)


words = st.one_of(
    st.text(max_size=20), st.sampled_from(["USB", "RED SHOES", "<b>Tag</b>", "a\x00b", "x" * 300, "&lt;p"])
)
maybe = st.one_of(st.none(), words)
amounts = mostly(st.floats(1, 100), st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 9.99, -1.0])))
odd_addresses = st.one_of(maybe, st.sampled_from(["//x.example/b.jpg", "x", "http://", "https://[", "https://x]/"]))
addresses = mostly(st.sampled_from(["https://x.example/a,b.jpg", "https://x.example/c.jpg?v=1"]), odd_addresses)
flags = st.sampled_from([None, True, False])
ids = mostly(st.integers(1, 9).map(str), words)
variants = st.fixed_dictionaries(
    {
        "variant_id": ids,
        "sku": mostly(ids, maybe),
        "title": maybe,
        "price": amounts,
        "compare_at_price": amounts,
        "barcode": st.one_of(maybe, st.sampled_from(["4006381333931", "4006381333932", "0"])),
        "image_url": mostly(None, addresses),
        "images": st.lists(addresses.filter(bool), max_size=3),
        "inventory_item_id": maybe,
        "inventory_quantity": st.one_of(st.none(), st.integers(-5, 5)),
        "options": st.dictionaries(st.one_of(words, st.sampled_from(["Color", "größe", "Title"])), words, max_size=3),
        "url": mostly(None, addresses),
        "inventory_tracked": flags,
        "available": mostly(None, flags),
        "backorders": flags,
        "metafields": st.dictionaries(words, words, max_size=2),
    }
)
products = st.fixed_dictionaries(
    {
        "title": mostly("Ring", maybe),
        "description": st.one_of(maybe, st.just("<p>" * 20_000), st.just("<!--" * 9_000)),
        "url": addresses,
        "status": mostly("active", st.sampled_from(["draft", "archived", "unlisted"])),
        "brand": maybe,
        "category": maybe,
        "tags": st.lists(words, max_size=3),
        "image_url": addresses,
        "images": st.lists(addresses.filter(bool), max_size=3),
        "currency": mostly(st.sampled_from([None, "EUR", "JPY", "KWD", "eur"]), st.sampled_from(["Euro", ""])),
        "preorder_at": st.sampled_from([None, NOON - 1, NOON + 1]),
    }
)
changes = st.builds(
    lambda product, listed, source: a_bracelet(*listed, **product) | {"source": source},
    products,
    st.lists(variants, min_size=1, max_size=4),
    st.sampled_from(["shopify", "hand"]),
)
levels = st.dictionaries(words, st.one_of(st.none(), st.integers(-5, 5)), max_size=2)
catalogs = st.one_of(
    st.fixed_dictionaries(
        {
            "variants": st.just("each"),
            "id_template": st.sampled_from(
                [None, "{sku}", "{product_id}-{sku}", "shopify_{country}_{product_id}_{variant_id}"]
            ),
            "archived": st.booleans(),
            "drafts": st.booleans(),
            "sold_out": st.booleans(),
            "safety_stock": st.integers(0, 2),
            "fields": st.just(
                {"color": {"sources": ["variant.title", "product.tags"]}, "link": {"sources": ["variant.url"]}}
            ),
            "exclude": st.sampled_from([None, {"price_from": 50}, {"tags": ["USB"]}]),
        }
    ),
    st.fixed_dictionaries({"variants": st.just("parent"), "id_template": st.sampled_from([None, "p-{product_id}"])}),
)


@settings(max_examples=150, deadline=None)
@given(changes, catalogs, levels)
def test_every_variant_is_an_item_or_left_out_for_a_reason(
    change: ProductChange, catalog: dict[str, Any], stock: dict[str, int | None]
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
def test_meta_takes_every_item(change: ProductChange, catalog: dict[str, Any], stock: dict[str, int | None]) -> None:
    listing = listed(change, a_catalog(**catalog), a_shop(), lambda item: stock, NOON)

    assert len({item.item_id for item in listing.items}) == len(listing.items)
    for item in listing.items:
        assert all(reasons.REASONS[warning].kind == "warning" for warning in item.warnings)
        assert item_rules.missing(item.item_id, item.data) == []
        assert item_rules.unrecognised(item.item_id, item.data) == []
        assert item_rules.judge(item.data).errors == []
        told = json.loads(items.payload(item, "UPDATE"))["data"]
        assert told == items.CLEARED | item.data


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
