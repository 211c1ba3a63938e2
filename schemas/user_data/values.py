"""What every field of personal data shares: cleaning of text, recognition of hashes, the reasons for a refusal.

In: a JSON value. Out: tidy text, or a `Refusal` with a reason from a closed list.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

RefusalReason = Literal[
    # Nothing is left after normalising: the field is omitted, and nobody is told.
    "empty",
    # Neither text nor a whole number.
    "wrong_type",
    # Longer than any real value of any field.
    "too_long",
    # A lone surrogate: text that no UTF-8 can carry.
    "not_unicode",
    # 32 hexadecimal digits: an MD5 hash, and Meta takes SHA-256 only.
    "md5",
    "not_an_email",
    "not_a_phone",
    # A national number, and neither the address nor the shop says of which country.
    "no_country_code",
    "not_a_name",
    "not_a_place",
    "not_a_state",
    "not_a_postcode",
    "not_a_country",
    "not_a_date",
    # Day and month can be exchanged, and the country does not tell which comes first.
    "ambiguous_date",
    "not_a_gender",
]


class Refusal(NamedTuple):
    """Why a value was not taken. It never holds the value."""

    reason: RefusalReason


Normalizer = Callable[[str, str | None], str | Refusal]
"""Cleaned, non-empty text and a region (upper-case alpha-2, or none) → the text to hash, or a refusal."""

LONGEST: Final = 254
"""Characters; an e-mail address, the longest of all fields, cannot have more (RFC 5321)."""

# Meta's Parameter Builder may append a token of 2 or 8 characters: `<sha256>.<appendix>`.
_HASHED: Final = re.compile(r"([0-9a-fA-F]{64})(?:\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?", re.ASCII)
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")
_NOT_WORD: Final = re.compile(r"[\W_]+", re.ASCII)


def cleaned(value: object) -> str | Refusal:
    """Read *value* as trimmed text in NFC, with ASCII digits and without invisible characters."""
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        return Refusal("wrong_type")
    if isinstance(value, int) and abs(value) >= 10**LONGEST:
        return Refusal("too_long")  # str() of a huge integer raises
    text = "" if value is None else str(value)
    if len(text) > LONGEST:
        return Refusal("too_long")
    if not text.isascii():
        if any(unicodedata.category(char) == "Cs" for char in text):
            return Refusal("not_unicode")
        text = unicodedata.normalize("NFC", "".join(map(_visible, text)))
    return text.strip() or Refusal("empty")


def already_hashed(text: str) -> str | None:
    """Return the lower-case SHA-256 that *text* is, with or without Meta's appendix."""
    match = _HASHED.fullmatch(text)
    return match[1].lower() if match else None


def is_md5(text: str) -> bool:
    """Tell whether *text* has the form of an MD5 hash."""
    return _MD5.fullmatch(text) is not None


def letters_and_digits(text: str) -> str:
    """Strip spaces, punctuation and symbols from *text* and lower it; letters of every script stay."""
    if text.isascii():
        return _NOT_WORD.sub("", text).lower()
    kept = "".join(char for char in text if unicodedata.category(char)[0] in "LMN")
    return unicodedata.normalize("NFC", kept.lower())


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return "" if category == "Cf" else char
