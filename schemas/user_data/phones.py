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
    country_code_for_region,
    format_number,
    is_possible_number_with_reason,
    is_valid_number,
    ndd_prefix_for_region,
    parse,
)

from schemas.user_data.values import Refusal

_DIGIT: Final = re.compile(r"\d", re.ASCII)
_INTERNATIONAL: Final = re.compile(r"[^\d+＋]*[+＋]", re.ASCII)

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
    """Every way to read *text* without its plus, the likeliest first."""
    if text.startswith("00"):
        yield from _parsed("+" + text.lstrip("0"), None)
    if region and not _names(text, region):
        yield from _parsed(text, region)
    if not text.startswith("0"):
        yield from _parsed("+" + text, None)
    if region and _names(text, region):
        yield from _parsed(text, region)


def _names(text: str, region: str) -> bool:
    """Tell whether *text* begins as the region's numbers do abroad: in Germany `4915…` is `+49 15…`, not `04915…`.

    Where there is no trunk zero to leave out, as in Italy, a number that begins so may well be national.
    """
    trunk, code = ndd_prefix_for_region(region, True), str(country_code_for_region(region))
    return trunk is not None and not code.startswith(trunk) and text.lstrip("( ").startswith(code)


def _parsed(text: str, region: str | None) -> Iterator[PhoneNumber]:
    try:
        yield parse(text, region)
    except NumberParseException:  # its message quotes the number: it goes nowhere
        return


def _written(number: PhoneNumber) -> str:
    return format_number(number, PhoneNumberFormat.E164).removeprefix("+")
