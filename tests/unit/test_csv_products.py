"""Products out of CSV files: columns found by name, rows put together, faults noted instead of guessed over."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.csv.columns import Mapping
from connectors.csv.problems import HEADER, Problem, write_report
from deploy.importing import open_file
from schemas.errors import TerminalError
from tests.builders import NOON, a_shop
from tests.csv_files import a_file, checked, codes, the_product

SHOPIFY = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price"
SHOPIFY += ",Variant Compare At Price,Variant Inventory Qty,Variant Inventory Tracker,Image Src,Variant Image\r\n"


def test_the_lines_of_a_shopify_product_become_one_product(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        SHOPIFY
        + 'band,Band,"<p>Two\r\nlines</p>",Acme,Bands,"a, b",true,Color,Blue,B-1,42.99,50,3,shopify,'
        + "//c.example/1.jpg,\r\n"
        + "band,,,,,,,,Black,B-2,43,,,shopify,,https://c.example/black.jpg\r\n"
        + "band,,,,,,,,,,,,,,https://c.example/2.jpg,\r\n",
    )

    product = the_product(found)
    assert (product["title"], product["brand"], product["tags"]) == ("Band", "Acme", ["a", "b"])
    assert product["description"] == "<p>Two\r\nlines</p>"
    assert product["url"] == "https://demo.myshopify.com/products/band"
    assert product["images"] == ["https://c.example/1.jpg", "https://c.example/2.jpg"]
    blue, black = product["variants"]
    assert (blue["variant_id"], blue["price"], blue["compare_at_price"]) == ("B-1", 42.99, 50.0)
    assert (blue["options"], black["options"]) == ({"Color": "Blue"}, {"Color": "Black"})
    assert (blue["inventory_quantity"], black["inventory_quantity"], black["inventory_tracked"]) == (3, None, True)
    assert (blue["image_url"], black["image_url"]) == (None, "https://c.example/black.jpg")


def test_columns_of_another_file_are_found_by_their_names(tmp_path: Path) -> None:
    text = "id;item_group_id;title;link;image_link;price;sale_price;gtin;availability;additional_image_link\r\n"
    text += "9007199254740993123;g1;Ring;https://s.example/r;https://s.example/r.jpg;12,50 EUR;9,99 EUR;"
    text += "4006381333931;in stock;\r\n"

    product = the_product(checked(tmp_path, text, currency=None))

    (variant,) = product["variants"]
    assert (variant["variant_id"], variant["barcode"], variant["available"]) == (
        "9007199254740993123",
        "4006381333931",
        True,
    )
    assert (variant["price"], variant["compare_at_price"], product["currency"]) == (9.99, 12.5, "EUR")


def test_a_mapping_says_what_the_names_do_not(tmp_path: Path) -> None:
    mapping = {
        "columns": {"product_id": "Nummer", "title": "Bezeichnung", "price": "Preis", "sku": None},
        "constants": {"currency": "CHF", "brand": "Acme"},
        "options": {"Farbe": "Farbe"},
        "metafields": {"custom.material": "Material"},
        "decimal": ",",
    }
    text = 'Nummer,Bezeichnung,Preis,Farbe,Material,SKU\n7,Kette,"1.234,50",rot,Gold,x\n7,,"1.234",blau,,x\n'

    product = the_product(checked(tmp_path, text, mapping=mapping))

    assert (product["currency"], product["brand"], product["metafields"]) == (
        "CHF",
        "Acme",
        {"custom.material": "Gold"},
    )
    assert [(each["variant_id"], each["price"], each["sku"]) for each in product["variants"]] == [
        ("7/rot", 1234.5, None),
        ("7/blau", 1234.0, None),
    ]


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"columns": {"price": "Cost"}}, "mapping"),
        ({"columns": {"prize": "Price"}}, "columns.prize"),
        ({"colums": {}}, "colums"),
        ([], "mapping"),
    ],
)
def test_a_mapping_that_does_not_fit_says_where(tmp_path: Path, mapping: Any, field: str) -> None:
    with pytest.raises(TerminalError) as caught:
        a_file(tmp_path, "SKU,Price\na,1\n", mapping=mapping)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("2.10381E+18,Ring,1.00,a,", "mangled_number"),
        ("7,Ring,1.00,1.2E+12,", "mangled_number"),
        ("7,Ring,-1.00,a,", "negative_price"),
        ("7,Ring,cheap,a,", "bad_number"),
        ('7,Ring,"1,234",a,', "ambiguous_number"),
        ("7,,1.00,a,", "missing_title"),
        ("7,Ring,,a,", "missing_price"),
        ("7,<b>Ring</b>,1.00,a,", "html_in_title"),
        ("7,Ring,1.00,a,ring.jpg", "bad_image"),
        ("7,Ring,1.00,a,", "missing_image"),
        (",Ring,1.00,,", "missing_id"),
    ],
)
def test_each_fault_is_noted_at_its_row(tmp_path: Path, row: str, problem: str) -> None:
    found = checked(tmp_path, f"product_id,title,price,sku,image\n1,Good,1,z,https://c.example/z.jpg\n{row}\n")

    assert (3, problem) in codes(found)
    assert found.first[0].change is not None, "the rest goes on"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        *((told, "active") for told in ("Active", "published", "enabled", "1", "")),
        *((told, "draft") for told in ("0", "disabled")),
        *((told, told.lower()) for told in ("Archived", "on request")),
    ],
)
def test_a_status_is_read_as_files_write_it(tmp_path: Path, told: str, status: str) -> None:
    assert the_product(checked(tmp_path, f"sku,title,price,status\na,A,1,{told}\n"))["status"] == status


def test_a_price_without_a_currency_is_not_imported(tmp_path: Path) -> None:
    found = checked(tmp_path, "sku,title,price\na,Ring,1\n", currency=None)

    assert (found.importable, (2, "missing_currency") in codes(found)) == (0, True)


def test_a_sku_or_a_product_told_twice_is_not_imported_twice(tmp_path: Path) -> None:
    found = checked(tmp_path, "product_id,title,price,sku\n1,A,1,x\n2,B,1,x\n1,A,1,y\n3,C,1,w\n4,D,1,v\n4,D,2,v\n")

    assert [outcome.change is not None for outcome in found.first] == [True, False, False, True, False]
    assert {(3, "duplicate_sku"), (4, "duplicate_product"), (7, "duplicate_sku")} <= codes(found)


def test_a_product_of_ten_thousand_variants_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = "".join(f"big,Big,1,s{number}\n" for number in range(10_000))
    found = checked(tmp_path, f"handle,title,price,sku\n{rows}small,Small,1,z\n")

    assert [(outcome.product_id, outcome.change is None) for outcome in found.first] == [
        ("big", True),
        ("small", False),
    ]
    assert Counter(problem.code for problem in found.problems)["too_many_variants"] == 1


def test_a_description_of_300_kb_is_cut_and_said_to_be(tmp_path: Path) -> None:
    found = checked(tmp_path, f"sku,title,price,description\na,Ring,1,{'x' * 300_000}\n")

    assert len(the_product(found)["description"] or "") == 10_000
    assert (2, "long_description") in codes(found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_umlauts_survive_the_encodings_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    found = checked(tmp_path, "sku;title;price\nä1;Größe;1,50\n".encode(encoding))

    assert (the_product(found)["title"], the_product(found)["variants"][0]["price"]) == ("Größe", 1.5)


@pytest.mark.parametrize(
    "text",
    [
        'sku,title,price,"Note; a; b; c; d; e"\r\na,Ring,5,x\r\n',
        "sku|title|price\r\na|Ring|5\r\n",
        "sep=;\r\nsku;title;price\r\na;Ring;5\r\n",
    ],
)
def test_the_delimiter_is_found_out(tmp_path: Path, text: str) -> None:
    product = the_product(checked(tmp_path, text))

    assert (product["title"], product["variants"][0]["price"]) == ("Ring", 5.0)


def test_a_quote_that_is_not_closed_is_named_by_its_row_and_swallows_nothing(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="row 3"):
        checked(tmp_path, 'sku,title,price\na,A,1\nb,"B,2\nc,C,3\n')


def test_a_cell_that_holds_the_delimiter_unquoted_does_not_shift_the_others_unseen(tmp_path: Path) -> None:
    found = checked(tmp_path, "sku,title,price,stock\na,Ring, wide,1,5\nb,Chain,2,5,,\n")

    assert (found.importable, (2, "extra_cells") in codes(found), (3, "extra_cells") in codes(found)) == (
        1,
        True,
        False,
    )


def test_the_variations_of_a_woocommerce_export_belong_to_their_product(tmp_path: Path) -> None:
    header = "ID,Type,SKU,Name,Parent,Regular price,Images,Attribute 1 name,Attribute 1 value(s)\n"
    rows = '10,variable,P,Shirt,,,https://c.example/a.jpg,Size,"S, M"\n'
    rows += "11,variation,P-S,Shirt - S,P,10,,Size,S\n12,variation,P-M,Shirt - M,id:10,12,,Size,M\n"
    found = checked(tmp_path, header + rows + "13,simple,C,Cap,,5,,,\n")

    shirt, cap = found.first
    assert (shirt.product_id, cap.product_id, found.importable) == ("10", "13", 2)
    assert shirt.change is not None
    assert shirt.change["product"] is not None
    assert [(each["variant_id"], each["price"], each["options"]) for each in shirt.change["product"]["variants"]] == [
        ("11", 10.0, {"Size": "S"}),
        ("12", 12.0, {"Size": "M"}),
    ]


@pytest.mark.parametrize("encoding", ["nope", "base64", "idna"])
def test_an_encoding_that_there_is_not_is_told(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(TerminalError) as caught:
        a_file(tmp_path, "sku,title,price\nä,A,1\n", mapping={"encoding": encoding})

    assert caught.value.field == "encoding"


@pytest.mark.parametrize("text", ["", "\n", "a,a\n1,2\n", ",,\n", "\ufeff", "colour,size\nred,S\n"])
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TerminalError):
        a_file(tmp_path, text)


def test_a_report_is_csv_that_runs_nothing() -> None:
    out = io.StringIO()
    problem = Problem(7, "bad_number", "price", '=HYPERLINK("http://evil.example")', "@p")

    counted = write_report([problem], out)

    header, line = csv.reader(io.StringIO(out.getvalue()))
    assert (tuple(header), counted) == (HEADER, {"bad_number": 1})
    assert (line[0], line[1], line[4], line[5]) == ("7", "error", "'" + problem.value, "'@p")


def test_the_same_file_told_again_says_the_same(tmp_path: Path) -> None:
    file = a_file(tmp_path, SHOPIFY + "a,A,,,,,true,Title,Default Title,,1,,,,,\r\n")
    (first,), (again,) = list(file.outcomes(NOON)), list(file.outcomes(NOON))

    assert first == again
    assert first.change is not None
    assert (first.change["source"], first.change["occurred_at"]) == ("csv", NOON)
    assert first.change["product"] is not None
    assert first.change["product"]["variants"][0]["options"] == {}


@pytest.mark.parametrize(("told", "version"), [("2099-01-01", NOON), ("2020-01-01", 1_577_836_800_000), ("", NOON)])
def test_the_version_is_the_files_own_and_never_later_than_the_import(tmp_path: Path, told: str, version: int) -> None:
    (outcome,) = a_file(tmp_path, f"sku,title,price,updated at\na,A,1,{told}\n").outcomes(NOON)

    assert outcome.change is not None
    assert outcome.change["occurred_at"] == version


def test_the_digest_changes_with_the_mapping_and_the_shop(tmp_path: Path) -> None:
    plain = a_file(tmp_path, "sku,title,price\n")
    mapped = open_file(plain.table.path, Mapping(decimal=","), a_shop())
    elsewhere = open_file(plain.table.path, Mapping(), a_shop(shop_id="other"))

    assert len({plain.digest, mapped.digest, elsewhere.digest}) == 3
