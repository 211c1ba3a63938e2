"""What is wrong with a file's rows, as data and as the CSV file that its owner repairs it by."""

import csv
from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, TextIO

Severity = Literal["error", "warning"]
_Missing = Literal["missing_id", "missing_title", "missing_price", "missing_currency", "missing_image", "missing_link"]
_Doubled = Literal["duplicate_sku", "duplicate_variant", "duplicate_product"]
_Unreadable = Literal[
    "mangled_number", "bad_number", "ambiguous_number", "bad_image", "bad_currency", "other_currency", "bad_time"
]
_Odd = Literal["extra_cells", "negative_price", "too_many_variants", "html_in_title", "long_description"]
Code = Literal[_Missing, _Doubled, _Unreadable, _Odd]

LONGEST_QUOTE: Final = 80
HEADER: Final = ("row", "severity", "problem", "column", "value", "product", "advice")

ADVICE: Final[dict[Code, tuple[Severity, str]]] = {
    "missing_id": ("error", "give the product an id, a handle or a SKU"),
    "missing_title": ("error", "give the product a title in its first row"),
    "missing_price": ("warning", "without a price it is not advertised"),
    "missing_currency": ("error", "set the shop's currency, or name a column or a constant for it in the mapping"),
    "missing_image": ("warning", "without an image it is not advertised"),
    "missing_link": ("warning", "without a link or a handle it is not advertised"),
    "duplicate_sku": ("error", "give each variant its own SKU"),
    "duplicate_variant": ("error", "give each variant its own id, SKU or options"),
    "duplicate_product": ("error", "put all rows of a product together"),
    "mangled_number": (
        "error",
        "a spreadsheet made it: format the column as text and paste the original again; "
        "or, if all its zeros are right, say `exact_ids: true` in the mapping",
    ),
    "bad_number": ("error", "write a number, such as 12.50"),
    "ambiguous_number": ("error", "say in the mapping whether `decimal` is a point or a comma"),
    "extra_cells": ("error", "put quotes around a cell that holds the delimiter: this row has more than the header"),
    "negative_price": ("error", "a price is 0 or more"),
    "bad_image": ("warning", "write the image's whole address: https://..."),
    "bad_currency": ("error", "write the three letters of ISO 4217, such as EUR, and nothing else beside the number"),
    "other_currency": (
        "error",
        "it is not the product's currency: what its column says, else a constant, its prices or the shop",
    ),
    "bad_time": ("warning", "write times as 2026-10-26 or 2026-10-26T08:00:00+01:00"),
    "too_many_variants": ("error", "a product has at most 2,048 variants: split it"),
    "html_in_title": ("warning", "the tags are left out"),
    "long_description": ("warning", "only the first 10,000 characters are kept"),
}


class Problem(NamedTuple):
    """One thing wrong. *row* is the spreadsheet's; *value* is what stands there, shortened."""

    row: int
    code: Code
    column: str
    value: str
    product: str

    @property
    def severity(self) -> Severity:
        """Whether the product is left out."""
        return ADVICE[self.code][0]


class Faults:
    """Gathers the problems of one product."""

    def __init__(self, product: str) -> None:
        """Begin without any."""
        self._product = product
        self.problems: list[Problem] = []

    def note(self, row: int, code: Code, column: str, value: str = "") -> None:
        """Write one down."""
        problem = Problem(row, code, column, value[:LONGEST_QUOTE], self._product[:LONGEST_QUOTE])
        if problem not in self.problems[-4:]:
            self.problems.append(problem)

    @property
    def are_fatal(self) -> bool:
        """Whether the product cannot be imported."""
        return any(problem.severity == "error" for problem in self.problems)


def write_report(problems: Iterable[Problem], out: TextIO) -> Counter[Code]:
    """Write one line per problem, as CSV that is safe to open in a spreadsheet; return how many of each there are."""
    writer, counted = csv.writer(out), Counter[Code]()
    writer.writerow(HEADER)
    for each in problems:
        counted[each.code] += 1
        severity, advice = ADVICE[each.code]
        quoted = (each.column, each.value, each.product)
        writer.writerow([each.row, severity, each.code, *map(_inert, quoted), advice])
    return counted


def _inert(text: str) -> str:
    """Keep a spreadsheet from running a cell: https://owasp.org/www-community/attacks/CSV_Injection."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
