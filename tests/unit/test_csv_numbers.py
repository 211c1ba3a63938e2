"""Numbers, ids and currencies as they stand in CSV files: read as they are meant, or named as faults."""

from pathlib import Path
from typing import Any

import pytest

from connectors.csv.numbers import BadNumber, count, is_mangled, looks_rounded, money
from tests.csv_files import checked, codes, the_product


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50", 50.0),
        ("1,234.56", 1234.56),
        ("1.234,56 €", 1234.56),
        ("EUR 1'234.50", 1234.5),
        ("1.234.567", 1234567.0),
        ("0.125", 0.125),
        ("Fr. 12.50", 12.5),
        ("Rs.100", 100.0),
        ("$.50", 0.5),
        ("12.- CHF", 12.0),
        ("1 234,50 kr", 1234.5),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount: float) -> None:
    assert money(text).amount == amount


@pytest.mark.parametrize(
    "text", ["1e5", "1.2.3,4,5", "1,234", "1.234", "nan", "1e999", "9" * 70, "$", "1-2", "12.50 100g", "€ 1 2"]
)
def test_what_is_no_amount_is_not_guessed(text: str) -> None:
    with pytest.raises(BadNumber):
        money(text)


def test_counts_are_whole() -> None:
    assert [count(text) for text in ("0", "-3", "12.0")] == [0, -3, 12]
    assert (count("1,000", "."), count("1.000", ","), count("1.000", ".")) == (1000, 1000, 1)
    for text in ("1.5", "many", "1E3", "9" * 19, "1,000", "1.000", "A12"):
        with pytest.raises(BadNumber):
            count(text)


@pytest.mark.parametrize(
    ("text", "mangled"),
    [
        ("2.10381E+18", True),
        ("2,10381E+18", True),
        ("4711.0", True),
        ("1E+05", True),
        ("3-Jan", True),
        ("Mar-01", True),
        ("03. Mrz", True),
        ("#N/A", True),
        ("#####", True),
        ("1E5", False),
        ("JAN-03", False),
        ("788032119674292922", False),
        ("9007199254740993", False),
        ("E10", False),
        ("AB-1.0", False),
        ("", False),
    ],
)
def test_ids_that_a_spreadsheet_has_ruined_are_told_apart(text: str, mangled: bool) -> None:
    assert is_mangled(text) is mangled


def ids(*ending: str) -> str:
    """A file of products whose ids have 15 digits before each *ending*."""
    rows = [f"{number}{end},Ring,1.00\n" for number, end in enumerate(ending, 700_000_000_000_000)]
    return "product_id,title,price\n" + "".join(rows)


@pytest.mark.parametrize(
    ("ending", "mapping", "importable"),
    [
        (["0"], {}, 0),
        (["0"], {"exact_ids": True}, 1),
        (["0", "0", "0"], {}, 0),
        (["0", *"123456789"], {}, 10),
        (["0", "7", "0"], {}, 1),
        (["0000", "1234", "5678"], {}, 2),
        (["0000", "1234", "5678"], {"exact_ids": True}, 3),
        (["00", *(f"{number:02}" for number in range(1, 60))], {}, 60),
        (["0", "23", "45"], {}, 2),
    ],
)
def test_long_ids_that_end_in_zeros_are_judged_by_their_column(
    tmp_path: Path, ending: list[str], mapping: dict[str, Any], importable: int
) -> None:
    found = checked(tmp_path, ids(*ending), mapping=mapping)

    assert (found.importable, found.counts()["mangled_number"]) == (importable, len(ending) - importable)


def test_the_rows_of_one_product_count_once_among_the_long_ids(tmp_path: Path) -> None:
    variants = "".join(f"7000000000000000,Ring,1.00,r{number}\n" for number in range(5))
    text = f"product_id,title,price,sku\n{variants}7000000000000012,A,1.00,a\n7000000000000023,B,1.00,b\n"

    assert checked(tmp_path, text).importable == 3
    assert not looks_rounded("700000000000000")


@pytest.mark.parametrize(
    ("price", "currency", "problem"),
    [
        ("12.50 €", "EUR", None),
        ("12.50 €", "USD", None),
        ("$12.50", "USD", None),
        ("$12.50", "EUR", "other_currency"),
        ("12.50 kr", "SEK", None),
        ("$12.50", None, "missing_currency"),
        ("$12.50 EUR", "EUR", "bad_currency"),
        ("12.50 pieces", "EUR", "bad_currency"),
        ("12.50 PCS", "EUR", "bad_currency"),
    ],
)
def test_a_sign_beside_a_price_is_a_currency_or_a_fault(
    tmp_path: Path, price: str, currency: str | None, problem: str | None
) -> None:
    found = checked(tmp_path, f"sku,title,price\na,Ring,{price}\n", currency=currency)

    if problem is None:
        assert the_product(found)["currency"] == ("EUR" if "€" in price else currency)
    else:
        assert ((2, problem) in codes(found), found.importable) == (True, 0)


@pytest.mark.parametrize(
    "rows",
    [
        "h,Ring,12.50 EUR,USD\n",
        "h,Ring,12.50,EUR\nh,,13.00,USD\n",
        "h,Ring,12.50 EUR,\nh,,13.00 $,\n",
    ],
)
def test_a_product_has_one_currency(tmp_path: Path, rows: str) -> None:
    found = checked(tmp_path, "handle,title,price,currency\n" + rows, mapping={"constants": {"sku": "x"}})

    assert next(problem.code for problem in found.problems if problem.severity == "error") == "other_currency"
    assert found.importable == 0
