"""Who somebody is: e-mail address, names, date of birth and gender, in the form Meta hashes.

Rules: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
"""

import re
from datetime import date
from typing import Final

from schemas.user_data.values import Refusal, letters_and_digits

_EMAIL: Final = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@(?:[^\s@<>(),;:\"\[\]\\.]+\.)+[^\s@<>(),;:\"\[\]\\.]{2,}")
_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})(?:[T ].*)?", re.ASCII | re.DOTALL)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_BIRTH_YEARS: Final = range(1900, 2101)
_GENDERS: Final = {"f": "f", "female": "f", "m": "m", "male": "m"}


def email(text: str, region: str | None) -> str | Refusal:
    """Lower *text*; it must be one address with a dotted domain."""
    lowered = text.lower()
    return lowered if _EMAIL.fullmatch(lowered) else Refusal("not_an_email")


def name(text: str, region: str | None) -> str | Refusal:
    """Keep the letters and digits of a first or last name, lower-case: `O'Connor-Smith` → `oconnorsmith`."""
    kept = letters_and_digits(text)
    if not kept:
        return Refusal("empty")
    return kept if any(map(str.isalpha, kept)) else Refusal("not_a_name")


def gender(text: str, region: str | None) -> str | Refusal:
    """Say `f` or `m`, also for the English words."""
    return _GENDERS.get(text.lower()) or Refusal("not_a_gender")


def birth_date(text: str, region: str | None) -> str | Refusal:
    """Write a date as YYYYMMDD; day and month are told apart by their size, by dots, or by *region*.

    The year must lie in 1900–2100; whether the date is still to come is not checked, for want of a clock.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        return _written(int(found[1]), int(found[3]), int(found[4]))
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if second > 12 or (found[2] != "." and region == "US"):
            return _written(year, first, second)
        if first > 12 or first == second or found[2] == ".":
            return _written(year, second, first)
        return Refusal("ambiguous_date")
    return Refusal("not_a_date")


def external_id(text: str, region: str | None) -> str | Refusal:
    """Leave the shop's own id as it is: the pixel hashes it in the same form, capitals included."""
    return text


def _written(year: int, month: int, day: int) -> str | Refusal:
    if year not in _BIRTH_YEARS:
        return Refusal("not_a_date")
    try:
        return date(year, month, day).strftime("%Y%m%d")
    except ValueError:
        return Refusal("not_a_date")
