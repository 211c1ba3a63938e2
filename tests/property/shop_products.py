"""Products as shops call them, and what catalogs may want of them: ordinary, and odd here and there."""

from typing import Any

from hypothesis import strategies as st

from connectors.meta.catalog.availability import Stand
from tests.builders import NOON
from tests.listed import a_bracelet


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
stands = st.builds(Stand, st.one_of(st.none(), st.integers(-5, 5)), st.sampled_from([NOON - 1, NOON + 1]))
levels = st.dictionaries(words, stands, max_size=2)
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
