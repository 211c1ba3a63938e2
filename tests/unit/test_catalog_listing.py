"""What products become in a catalog at Meta, rule by rule; whole items are in `tests/contract/catalog_items`."""

import json
import time
from typing import Any

import orjson
import pytest

from connectors.meta.catalog import addresses, fields, items, options, prices, reasons, texts
from connectors.meta.catalog.availability import Stand
from connectors.meta.catalog.listing import listed
from schemas.errors import ConfigurationError
from schemas.product import to_deletion
from schemas.records import Variant
from tests.builders import NOON, a_product_change, a_shop
from tests.listed import a_bracelet, a_catalog, an_item_of_the_bracelet, listing_of


def told(*variants: dict[str, Any], catalog: dict[str, Any] | None = None, **product: Any) -> dict[str, Any]:
    (item,) = listing_of(a_bracelet(*variants, **product), **(catalog or {})).items
    return item.data


def skipped(*variants: dict[str, Any], catalog: dict[str, Any] | None = None, **product: Any) -> tuple[str, ...]:
    listing = listing_of(a_bracelet(*variants, **product), **(catalog or {}))
    assert listing.items == []
    return listing.skipped[0].reason, *listing.skipped[0].others


def test_a_deletion_and_a_stock_level_are_no_items() -> None:
    level = {"action": "inventory", "product": None, "product_id": ""}

    assert listing_of(to_deletion(a_shop(), "p1", "d1", NOON)) == items.Listing([], [], [])
    assert listing_of(a_product_change(**level)) == items.Listing([], [], [])


def test_an_item_is_as_old_as_the_change_it_comes_from() -> None:
    item = an_item_of_the_bracelet()

    assert (item.item_id, item.product_id, item.changed_at) == ("43751530397931", "7992983748843", NOON)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (9.99, "EUR", "9.99 EUR"),
        (9.5, "USD", "9.50 USD"),
        (0.615, "EUR", "0.62 EUR"),
        (1.005, "EUR", "1.01 EUR"),
        (1200.0, "JPY", "1200 JPY"),
        (1200.5, "KRW", "1201 KRW"),
        (12.3455, "KWD", "12.346 KWD"),
        (1e12, "EUR", "1000000000000.00 EUR"),
        (1e-7, "EUR", None),
    ],
)
def test_a_price_has_the_decimals_of_its_currency(amount: float, currency: str, expected: str | None) -> None:
    change = a_bracelet({"price": amount}, currency=currency)
    product = change["product"]
    assert product is not None

    assert prices.of_variant(product["variants"][0], product, a_shop()).price == expected


def test_what_it_cost_before_is_the_price_and_what_is_paid_the_sale_price() -> None:
    on_sale = told({"price": 8.0, "compare_at_price": 10.0})

    assert (on_sale["price"], on_sale["sale_price"]) == ("10.00 EUR", "8.00 EUR")


@pytest.mark.parametrize("before", [8.0, 7.0, 8.001, 0.0, -1.0, float("nan"), float("inf"), None])
def test_what_did_not_cost_more_before_is_not_on_sale(before: float | None) -> None:
    usual = told({"price": 8.0, "compare_at_price": before})

    assert (usual["price"], usual.get("sale_price")) == ("8.00 EUR", None)


def test_the_shops_currency_stands_in() -> None:
    assert told(currency=None)["price"] == "42.99 EUR"


@pytest.mark.parametrize(
    ("variant", "product", "expected"),
    [
        ({"price": None}, {}, ("missing_price",)),
        ({"price": -1.0}, {}, ("negative_price",)),
        ({"price": 0.0}, {}, ("zero_price",)),
        ({"price": float("nan")}, {}, ("bad_price",)),
        ({"price": 1e13}, {}, ("bad_price",)),
        ({}, {"currency": "Euro"}, ("bad_currency",)),
        ({}, {"title": " <b></b> "}, ("missing_title",)),
        ({}, {"url": None}, ("missing_link",)),
        ({}, {"url": "shop.example/ring"}, ("bad_link",)),
        ({"image_url": None}, {"image_url": None}, ("missing_image",)),
        ({"image_url": "pictures/blue"}, {"image_url": None}, ("bad_image",)),
        ({"price": None, "image_url": None}, {"image_url": None, "title": None, "url": None}, None),
    ],
)
def test_what_meta_needs_and_is_not_there_is_named(
    variant: dict[str, Any], product: dict[str, Any], expected: tuple[str, ...] | None
) -> None:
    everything = ("missing_title", "missing_price", "missing_link", "missing_image")

    assert skipped(variant, **product) == (expected or everything)


def test_a_missing_currency_is_never_guessed() -> None:
    change = a_bracelet(currency=None)
    product = change["product"]
    assert product is not None

    assert prices.of_variant(product["variants"][0], product, a_shop(currency=None)).reason == "missing_currency"


def test_what_is_skipped_says_how_to_repair_it() -> None:
    (left,) = listing_of(a_bracelet({"sku": None}), id_template="{sku}").skipped

    assert (left.item_id, left.variant_id, left.field) == (None, "43751530397931", "id")
    assert left.suggestion == "give the variant a SKU, or take {variant_id}"


@pytest.mark.parametrize(
    ("sku", "reason"), [("", "missing_sku"), (" R-1", "bad_id"), ("R\n1", "bad_id"), ("R" * 101, "long_id")]
)
def test_an_id_that_meta_would_read_differently_is_none(sku: str, reason: str) -> None:
    assert skipped({"sku": sku}, catalog={"id_template": "{sku}"}) == (reason,)


def test_a_template_that_names_a_field_there_is_not_is_a_wrong_setting() -> None:
    catalog = a_catalog()
    catalog["id_template"] = "{colour}"

    with pytest.raises(ConfigurationError, match="colour"):
        listed(a_bracelet(), catalog, a_shop(), lambda item: {}, NOON)


def test_a_shop_without_a_country_has_no_ids_with_one() -> None:
    catalog = a_catalog(id_template="shopify_{country}_{variant_id}")

    (left,) = listed(a_bracelet(), catalog, a_shop(country=None), lambda item: {}, NOON).skipped
    assert left.reason == "missing_country"


def test_an_image_without_scheme_becomes_whole() -> None:
    assert told({"image_url": "//cdn.example/blue.jpg"})["image_link"] == "https://cdn.example/blue.jpg"


def test_a_title_loses_tags_entities_and_control_characters() -> None:
    assert told(title="<b>Ring</b>\x07 &amp; chain")["title"] == "Ring & chain"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("USB", "USB"),
        ("RED SHOES", "Red Shoes"),
        ("IPHONE 15 CASE", "Iphone 15 Case"),
        ("Red SHOES", "Red SHOES"),
        ("ЧАЙ ЧЁРНЫЙ", "Чай Чёрный"),
    ],
)
def test_a_title_is_not_shouted(title: str, expected: str) -> None:
    assert texts.title(title)[0] == expected


def test_a_long_title_is_cut_between_words() -> None:
    title, warnings = texts.title("word " * 60)

    assert (len(title), title[-4:], warnings) == (199, "word", ("long_title",))
    assert len(texts.title("w" * 300)[0]) == texts.LONGEST_TITLE


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree"),
        ("<style>p {color: red}</style>Red<script>alert(1)</script>", "Red"),
        ("5 &lt; 6 &amp; 7", "5 < 6 & 7"),
        ("a <a href='https://x.example'>link</a> and <a hre", "a link and"),
        ("see https://x.example/y for more", "see for more"),
        ("one\x00\x0b two", "one two"),
        ("<table><tr><td>A</td><td>B</td></tr></table>", "A\nB"),
        ("<script>never closed", ""),
        ("", ""),
    ],
)
def test_a_description_is_plain_text(html: str, plain: str) -> None:
    assert texts.description(html) == plain


def test_a_description_of_300_kb_is_cut_and_read_quickly() -> None:
    before = time.process_time()
    for html in ("<p>word</p>" * 30_000, "<" * 300_000, "<!--" * 75_000, "<a b=" * 60_000, "&" * 300_000):
        assert len(texts.description(html)) <= texts.LONGEST_DESCRIPTION

    assert time.process_time() - before < 2


def test_without_a_description_the_title_stands_in() -> None:
    item = an_item_of_the_bracelet(description="<p> </p>")

    assert (item.data["description"], item.warnings) == ("Bracelet", ("missing_description",))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("4006381333931", "4006381333931"),
        ("4-006381-333931", "4006381333931"),
        ("036000291452", "036000291452"),
        ("96385074", "96385074"),
        ("10012345678902", "10012345678902"),
        ("4006381333932", None),
        ("400638133393", None),
        ("00000000", None),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", None),
        ("SKU-1", None),
    ],
)
def test_a_gtin_has_the_right_check_digit(code: str, expected: str | None) -> None:
    assert fields.gtin(code) == expected


def test_options_are_metas_attributes_where_it_has_one() -> None:
    given = {"Colour": "Red", "Farbe": "Rot", "SIZE": "M", "Scent": "Rose: fresh, mild"}

    assert options.attributes(a_variant(options=given)) == {
        "color": "Red",
        "size": "M",
        "additional_variant_attribute": "Farbe:Rot,Scent:Rose fresh mild",
    }
    assert options.attributes(a_variant(options={"Title": "Default Title"})) == {}
    assert options.find(a_variant(options=given), "scent") == "Rose: fresh, mild"


def test_a_variant_that_nothing_tells_apart_comes_with_a_warning() -> None:
    listing = listing_of(a_bracelet({"options": {}}, {"variant_id": "2"}))

    assert [item.warnings for item in listing.items] == [("no_variant_attribute",), ()]


def test_pictures_of_other_variants_are_left_out() -> None:
    blue, red = "https://x.example/blue.jpg", "https://x.example/red.jpg"
    change = a_bracelet(
        {"image_url": blue, "images": [blue]},
        {"variant_id": "2", "image_url": red},
        images=[blue, red, "https://x.example/1,2.jpg"],
    )

    first, second = listing_of(change).items
    common = ["https://shop.example/bracelet.jpg", "https://x.example/1%2C2.jpg"]
    assert (first.data["image_link"], first.data["additional_image_link"]) == (blue, common)
    assert (second.data["image_link"], second.data["additional_image_link"]) == (red, common)


def test_further_pictures_are_as_many_as_a_feed_takes() -> None:
    short = [f"https://x.example/{number}.jpg" for number in range(30)]
    long = [f"https://x.example/{number}/{'y' * 500}.jpg" for number in range(30)]

    assert len(addresses.additional(short)) == addresses.MOST_ADDITIONAL
    assert len(",".join(addresses.additional(long))) <= addresses.LONGEST_ADDITIONAL


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://x.example/p?a=1#top", "https://x.example/p?a=1&variant=7#top"),
        ("https://x.example/p", "https://x.example/p?variant=7"),
    ],
)
def test_an_address_names_shopifys_variant(address: str, expected: str) -> None:
    assert addresses.with_variant(address, "7") == expected


@pytest.mark.parametrize(
    "address", ["ftp://x.example/", "https://", "https:// x", "javascript:alert(1)", "https://[", ""]
)
def test_what_is_no_page_is_none(address: str) -> None:
    assert addresses.page(address) is None


@pytest.mark.parametrize(
    ("variant", "stock", "expected"),
    [
        ({}, {}, ("in stock", 12)),
        ({"inventory_quantity": 0}, {}, ("out of stock", 0)),
        ({"inventory_quantity": -3}, {}, ("out of stock", 0)),
        ({"inventory_quantity": None}, {}, ("in stock", None)),
        ({"inventory_quantity": 0, "inventory_tracked": False}, {}, ("in stock", None)),
        ({"inventory_quantity": 0, "backorders": True}, {}, ("in stock", None)),
        ({"available": False}, {}, ("out of stock", 12)),
        ({}, {"1": 0, "2": 0}, ("out of stock", 0)),
        ({"inventory_quantity": 0}, {"1": 2, "2": 3}, ("in stock", 5)),
        ({"inventory_quantity": 0}, {"1": None}, ("in stock", None)),
        ({"inventory_quantity": 0}, {"1": None, "2": 1}, ("in stock", 1)),
    ],
)
def test_availability_follows_the_stock(
    variant: dict[str, Any], stock: dict[str, int | None], expected: tuple[str, int | None]
) -> None:
    assert availability(variant, {place: Stand(count, NOON + 1) for place, count in stock.items()}) == expected


def test_the_total_of_a_product_counts_places_that_never_told_their_own() -> None:
    """Shopify tells one location at a time: one that is empty does not mean that all are."""
    before, after = {"1": Stand(0, NOON - 1)}, {"1": Stand(0, NOON)}

    assert availability({"inventory_quantity": 10}, before) == ("in stock", 10)
    assert availability({"inventory_quantity": 10}, after) == ("out of stock", 0)
    assert availability({"inventory_quantity": 10}, before, locations=["1"]) == ("out of stock", 0)
    assert availability({"inventory_quantity": 10}, before, locations=["2"]) == ("out of stock", 0)
    assert availability({"inventory_quantity": None}, before) == ("out of stock", 0)


def availability(variant: dict[str, Any], levels: dict[str, Stand], **catalog: Any) -> tuple[str, int | None]:
    (item,) = listing_of(a_bracelet(variant), lambda item: levels, **catalog).items
    return item.data["availability"], item.data.get("quantity_to_sell_on_facebook")


def test_a_draft_that_is_wanted_is_not_shown() -> None:
    assert listing_of(a_bracelet(status="draft")).filtered == [items.Filtered(None, "draft")]
    assert told(status="draft", catalog={"drafts": True})["status"] == "archived"


def test_include_needs_every_line_and_exclude_one() -> None:
    red = a_bracelet(tags=["Red"], brand="Acme")

    assert listing_of(red, include={"tags": ["red", "blue"], "brands": ["acme"]}).items
    assert listing_of(red, include={"tags": ["red"], "brands": ["Other"]}).filtered[0].rule == "not_included"
    assert listing_of(red, exclude={"tags": ["blue"], "brands": ["acme"]}).filtered[0].rule == "excluded"
    assert listing_of(red, exclude={}).items
    assert listing_of(red, include={}).items


def test_a_price_range_takes_its_ends() -> None:
    prices_in = {"price_from": 42.99, "price_to": 42.99}

    assert listing_of(a_bracelet(), include=prices_in).items
    assert listing_of(a_bracelet({"price": 43.0}), include=prices_in).filtered[0].rule == "price_range"


def test_what_was_sold_ahead_is_in_stock_from_its_day_on() -> None:
    assert told(preorder_at=NOON + 1)["availability"] == "available for order"
    assert told(preorder_at=NOON)["availability"] == "in stock"


def test_the_address_of_a_lone_variant_stays_as_it_is() -> None:
    assert told()["link"] == "https://shop.example/products/bracelet"


def test_a_mapped_gtin_goes_before_the_barcode() -> None:
    mapping = {"gtin": {"sources": ["metafield:gtin"]}}

    (item,) = listing_of(a_bracelet({"barcode": "SKU-1"}, metafields={"gtin": "4006381333931"}), fields=mapping).items

    assert (item.data["gtin"], item.warnings) == ("4006381333931", ())


def test_ten_thousand_variants_are_ten_thousand_items() -> None:
    variants = [{"variant_id": str(number), "options": {"Size": str(number)}} for number in range(10_000)]
    before = time.process_time()

    listing = listing_of(a_bracelet(*variants, images=[f"https://x.example/{n}.jpg" for n in range(250)]))

    assert (len(listing.items), listing.skipped) == (10_000, [])
    assert time.process_time() - before < 10


def test_an_update_empties_what_the_item_has_lost() -> None:
    item = an_item_of_the_bracelet()

    created = json.loads(items.payload(item, "CREATE"))
    updated = json.loads(items.payload(item, "UPDATE"))
    deleted = json.loads(items.payload(item, "DELETE"))

    assert created == {"method": "CREATE", "data": item.data}
    assert updated["data"]["sale_price"] == ""
    assert updated["data"].items() >= item.data.items()
    assert deleted == {"method": "DELETE", "data": {"id": item.item_id}}


def test_a_digest_is_sixteen_hexadecimal_digits() -> None:
    assert items.digest(an_item_of_the_bracelet()) == items.digest(an_item_of_the_bracelet())
    assert len(bytes.fromhex(items.digest(an_item_of_the_bracelet()))) == 8
    assert items.digest(an_item_of_the_bracelet(title="Ring")) != items.digest(an_item_of_the_bracelet())


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Unrecognised field: A request for item X contains unrecognised field: 'f'", "unknown_field"),
        ("Property shipping must have the same value for all items in the same group.", "group_mismatch"),
        ("Price Without Currency for Property: price", "missing_currency"),
        ("(#80014) There have been too many calls for the batch uploads to this catalog account.", "throttled"),
        ("Error validating access token: Session has expired", "bad_token"),
        ("(#200) Permissions error", "no_permission"),
        ("Missing required field: A request for item 1 is missing required field: 'image_link'", "missing_image"),
        ("Missing required field: A request for item 1 is missing required field: 'link'", "missing_link"),
        ("Missing required field: A request for item 1 is missing required field: 'price'", "missing_price"),
        ("Missing required field: A request for item 1 is missing required field: 'condition'", "bad_field"),
        ("Invalid price: The field 'price' must be a number", "bad_price"),
        ("Invalid price: The field 'sale_price' must be a number", "bad_sale_price"),
        ("Invalid URL: The field 'image_link' must begin with http:// or https://", "bad_image"),
        ("Invalid URL: The field 'link' must begin with http:// or https://", "bad_page"),
        ("We couldn't download the image from its URL", "not_fetched"),
        ("The image is too small: use at least 500 x 500 pixels", "small_image"),
        ("Item not found: The update of item 1 will not be completed", "unknown_item"),
        ("This item goes against our commerce policies", "against_policy"),
        ("Etwas anderes", "refused"),
    ],
)
def test_metas_messages_have_reasons_and_suggestions(message: str, reason: str) -> None:
    assert reasons.of_message(message) == (reason, reasons.REASONS[reason].suggestion)


def test_what_is_told_is_json_whatever_the_shop_writes() -> None:
    item = an_item_of_the_bracelet(title="a\ud800b", tags=["\udfff"], brand="\ud800")

    assert orjson.loads(items.payload(item, "UPDATE"))["data"]["title"] == "ab"


def a_variant(**changes: Any) -> Variant:
    product = a_bracelet(changes)["product"]
    assert product is not None
    return product["variants"][0]


def test_an_update_empties_the_mapped_text_that_an_item_has_lost() -> None:
    mapping = {
        "google_product_category": {"sources": ["metafield:category"]},
        "gender": {"sources": ["metafield:gender"]},
    }
    (with_both,) = listing_of(a_bracelet(metafields={"category": "Rings", "gender": "female"}), fields=mapping).items
    (without,) = listing_of(a_bracelet(), fields=mapping).items
    updated, created = (json.loads(items.payload(without, method))["data"] for method in ("UPDATE", "CREATE"))

    assert json.loads(items.payload(with_both, "UPDATE"))["data"]["google_product_category"] == "Rings"
    assert updated["google_product_category"] == ""
    assert "google_product_category" not in created
    assert "gender" not in updated  # nobody knows whether Meta takes an empty word of a closed list
