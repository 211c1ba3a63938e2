"""Numbers as people and spreadsheets write them: `1.234,56 €`, `12.50 EUR`, and ids that a spreadsheet has ruined."""

import re
from typing import Final, Literal, NamedTuple

from connectors.csv.currencies import BESIDE, currencies_of
from schemas.bodies import LARGEST_AMOUNT

Decimal = Literal["auto", ".", ","]
Fault = Literal["bad_number", "ambiguous_number", "mangled_number", "bad_currency"]

_SCIENTIFIC: Final = re.compile(r"^[+-]?\d+([.,]\d+)?[eE][+-]?\d+$")
# An id may be 1E5; nothing writes a number so, without a sign or a point.
_SCIENTIFIC_ID: Final = re.compile(r"^[+-]?\d+([.,]\d+[eE][+-]?|[eE][+-])\d+$")
# `1-3` became a day, a formula an error, and a column was too narrow.
_MONTH: Final = r"(Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)"
_DAY: Final = re.compile(rf"^(\d{{1,2}}(-|\. ?){_MONTH}|{_MONTH}-\d{{2}})$")
_ERROR: Final = re.compile(r"^(#(N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|DIV/0!)|#{3,})$")
_FLOATED: Final = re.compile(r"^\d{4,}[.,]0+$")
_LONG: Final = re.compile(r"^\d{16,}$")
# In `Rs.100` the point belongs to the word, in `$.50` to the number.
_PRICE: Final = re.compile(r"^(?P<before>[^\d+-]*?)(?P<number>[+-]?(\d[\d.,'’\s]*\d|\d|(?<!\w)[.,]\d+))(?P<after>\D*)$")
_GROUPED: Final = re.compile(r"^[+-]?\d{1,3}(['’\s]\d{3})+([.,]\d+)?$")
_GAP: Final = re.compile(r"['’\s]")
_NUMBER: Final = re.compile(r"^[+-]?[\d.,'\s]+$")
_THOUSANDS_OR_NOT: Final = re.compile(r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$")
# A spreadsheet keeps fifteen digits, as a double does.
_KEPT_DIGITS: Final = 15
_LONGEST: Final = 64


class Money(NamedTuple):
    """An amount in major units, and the currencies that what stands beside it may mean; None: nothing stands there."""

    amount: float
    currencies: frozenset[str] | None


class BadNumber(Exception):
    """A cell holds no number, or one of two."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


def is_mangled(text: str) -> bool:
    """Tell whether a spreadsheet has ruined an id, by its looks: `2.1E+18`, `4711.0`, `3-Jan`, `#N/A`."""
    return any(pattern.match(text) for pattern in (_SCIENTIFIC_ID, _FLOATED, _DAY, _ERROR))


def is_long(text: str) -> bool:
    """Tell whether an id has more digits than a spreadsheet keeps of a number."""
    return bool(_LONG.match(text))


def looks_rounded(text: str) -> bool:
    """Tell whether a long id has zeros after 15 digits: as a spreadsheet makes it, and by chance one of ten with 16."""
    return is_long(text) and not text[_KEPT_DIGITS:].strip("0")


def likely_rounded(rounded: int, of: int, digits: int) -> bool:
    """Tell whether *rounded* *of* the ids with so many *digits* are more than end in zeros by chance.

    By chance one of ten does with 16 digits, one of a hundred with 17; less than five times that share is taken for it.
    """
    return 2.0 * rounded * 10.0 ** (digits - _KEPT_DIGITS - 1) >= of


def money(text: str, decimal: Decimal = "auto") -> Money:
    """Read an amount with or without a currency.

    Raises:
        BadNumber: it is none; or it may be two, such as `1,234` or `1.234`, and *decimal* does not tell which; or
            what stands beside it is no currency.
    """
    if _SCIENTIFIC.match(text):
        raise BadNumber("mangled_number")
    found = _PRICE.match(text) if len(text) <= _LONGEST else None
    if found is None:
        raise BadNumber("bad_number")
    number = found["number"]
    if _GAP.search(number) and not _GROUPED.match(number):
        raise BadNumber("bad_number")
    number = _GAP.sub("", number)
    try:
        amount = float(_pointed(number, decimal))
    except ValueError:
        raise BadNumber("bad_number") from None
    if abs(amount) > LARGEST_AMOUNT:
        raise BadNumber("bad_number")
    return Money(amount, _currencies(found["before"], found["after"]))


def _currencies(before: str, after: str) -> frozenset[str] | None:
    """Say which currencies both words may mean: `$12.50 CAD` is Canadian."""
    meant = [currencies_of(word) for word in (before, after) if word.strip(BESIDE)]
    if not meant:
        return None
    both = frozenset.intersection(*meant)
    if not both:
        raise BadNumber("bad_currency")
    return both


def count(text: str, decimal: Decimal = "auto") -> int:
    """Read a whole number. Raises `BadNumber` when it is none, as `money` does."""
    if not _SCIENTIFIC.match(text) and not _NUMBER.match(text):
        raise BadNumber("bad_number")
    number = money(text, decimal).amount
    if not number.is_integer():
        raise BadNumber("bad_number")
    return int(number)


def _pointed(number: str, decimal: Decimal) -> str:
    """Write *number* with a point, and nothing between its thousands."""
    point, comma = number.rfind("."), number.rfind(",")
    if decimal == "auto":
        decimal = _guessed(number, point, comma)
    return number.replace(",", "") if decimal == "." else number.replace(".", "").replace(",", ".")


def _guessed(number: str, point: int, comma: int) -> Literal[".", ","]:
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    if _THOUSANDS_OR_NOT.match(number):
        raise BadNumber("ambiguous_number")
    if number.count(".") > 1 or number.count(",") == 1:
        return ","
    return "."
