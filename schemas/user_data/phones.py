"""A telephone number in the form Meta hashes: country code and number, digits only, no trunk zero.

`phonenumbers` knows every country's trunk prefix, so that `+44 (0)20 …` and `020 …` in Britain are one number.
"""

import re
from collections.abc import Iterator
from typing import Final

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    is_valid_number,
    parse,
)

from schemas.user_data.values import Refusal

_DIGIT: Final = re.compile(r"\d", re.ASCII)
_INTERNATIONAL: Final = re.compile(r"\s*(?:tel:)?[\s(]*[+＋]", re.IGNORECASE)

_MOST_TRUNK_ZEROS: Final = 4


def phone(text: str, region: str | None) -> str | Refusal:
    """Write *text* as country code and national number; *region* is where a bare national number belongs.

    A number must be assigned by its country's plan; one that names its country need only have the right length.
    """
    if not _DIGIT.search(text) or not text.strip("0 "):
        return Refusal("empty")
    if _INTERNATIONAL.match(text):
        return _named(text) or Refusal("not_a_phone")
    for number in _readings(text, region):
        if is_valid_number(number):
            return _written(number)
    if text.startswith("00") and (number_text := _named("+" + text.lstrip("0"))):
        return number_text
    return Refusal("not_a_phone" if region else "no_country_code")


def _named(text: str) -> str | None:
    """Read a number that names its country, until reading it once more takes no further trunk zero away."""
    for _ in range(_MOST_TRUNK_ZEROS):
        number = next(_parsed(text, None), None)
        if number is None or is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
            return None
        written = _written(number)
        if text == f"+{written}" or is_valid_number(number):
            return written
        text = f"+{written}"
    return None


def _readings(text: str, region: str | None) -> Iterator[PhoneNumber]:
    """Every way to read *text* without its plus, the most literal first."""
    if text.startswith("00"):
        yield from _parsed("+" + text.lstrip("0"), None)
    if region:
        yield from _parsed(text, region)
    if not text.startswith("0"):
        yield from _parsed("+" + text, None)


def _parsed(text: str, region: str | None) -> Iterator[PhoneNumber]:
    try:
        yield parse(text, region)
    except NumberParseException:  # its message quotes the number: it goes nowhere
        return


def _written(number: PhoneNumber) -> str:
    return format_number(number, PhoneNumberFormat.E164).removeprefix("+")
