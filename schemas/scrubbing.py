"""Personal data out of what a shop adds to an event: custom data, properties, URLs.

In: any JSON value. Out: the same value with `[redacted]` where a key names somebody's details, or a text holds an
e-mail address or a telephone number, also percent-encoded. Bounded in depth, breadth and length; scrubbing twice
changes nothing more. Plain runs of digits stay: far more often they are ids of products and orders.
"""

import re
import string
from typing import Final
from urllib.parse import unquote_plus

REDACTED: Final = "[redacted]"
TOO_LONG: Final = "[too long]"
TOO_DEEP: Final = "[too deep]"
MAX_DEPTH: Final = 16
MAX_VALUES: Final = 2_000
MAX_TEXT: Final = 8_192
"""Characters; a longer text is replaced whole, for half an address is still personal."""
MAX_KEY: Final = 256

# Most texts hold none of these and are not looked at any further.
_EMAIL_HINT: Final = re.compile(r"[@＠]|%(?:25)*40")
_PHONE_HINT: Final = re.compile(r"[+＋(]|%(?:25)*2[bB]|\d[\s.\-/]{1,2}\d")
_AT: Final = r"(?:[@＠]|%(?:25)*40)"
_LOCAL: Final = r"(?:(?:[^\s@＠/?&#=%\"<>()\[\]\\,;:]|%(?!(?:25)*40)[0-9A-Fa-f]{2}){1,64}+|[/?&#=%])"
_LABEL: Final = r"[^\s@＠/?&#=%\"'<>()\[\]{}|\\,;:.]"
_RETINA: Final = r"(?!\dx\.(?:avif|gif|jpe?g|png|svg|webp)\b)"
"""`logo@2x.png` is a picture."""
_EMAIL: Final = re.compile(
    rf"{_LOCAL}{_AT}{_RETINA}(?:{_LABEL}{{1,63}}(?:\.|%(?:25)*2[eE])){{1,8}}(?!\d){_LABEL}{{2,63}}"
)
_GAP: Final = r"(?:[\s().\-/\u2010-\u2015]|%(?:25)*20)"
_PHONE: Final = re.compile(
    rf"(?<![A-Za-z_])(?:[+＋]|%(?:25)*2[bB]){_GAP}{{0,2}}\d(?:{_GAP}{{0,3}}\d){{7,14}}(?!\d)"
    r"|(?:(?<![\w.\-])(?:1[-. ])?\d{3}[-. ]|\(\d{3}\)[-. ]?)\d{3}[-. ]\d{4}(?!\w)"
    r"|(?:\(|(?<![\w.\-+:]))(?!\d\d[-./]\d\d[-./]\d{4})(?=\d(?:[\s().\-/]{0,2}\d){8,12}(?!\d))"
    r"0\d{1,4}\)?(?:[\s.\-/]{1,2}\d{2,8}){1,5}(?!\w)"
)
_PARAMETER: Final = re.compile(r"(?<=[?&#;])([^\s?&#;=/\"<>]{1,256})=([^\s&#;\"<>]+)")
_ENCODINGS: Final = 3

_KEY_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WORDS: Final = """
address addresses birthdate birthday cell db dob em email emailaddress emails fax firstname fn forename fullname
lastname ln middlename mobile msisdn ph phone phonenumber phones postcode street streetaddress surname tel telephone
zip zipcode zp
"""
_PAIRS: Final = """
address line, billing name, birth date, contact name, customer name, e mail, email id, first name, full name,
given name, holder name, house number, last name, middle name, mobile number, phone number, post code, postal code,
recipient name, shipping name, street name, user name, zip code
"""
_PERSONAL: Final = frozenset(_WORDS.split()) | {pair.strip() for pair in _PAIRS.split(",")}
_ENDINGS: Final = tuple({entry.split()[-1] for entry in _PERSONAL})
_NO_LETTERS: Final = string.punctuation + string.digits + string.whitespace


def scrub(value: object) -> object:
    """Return *value*, a JSON value of any shape, without personal data; *value* itself is not changed."""
    return _Walk().scrubbed(value, depth=0)


def scrub_text(text: str) -> str:
    """Replace e-mail addresses, telephone numbers and personal URL parameters in *text* by `[redacted]`."""
    if len(text) > MAX_TEXT:
        return TOO_LONG
    if _EMAIL_HINT.search(text):
        text = _EMAIL.sub(REDACTED, text)
    if _PHONE_HINT.search(text):
        text = _PHONE.sub(REDACTED, text)
    return _PARAMETER.sub(_scrubbed_parameter, text) if "=" in text else text


def names_personal_data(key: str) -> bool:
    """Tell whether *key*, in camelCase or with separators, names contact details, a person's name or an address."""
    if not key.lower().rstrip(_NO_LETTERS).endswith(_ENDINGS):
        return False
    words = [word.lower() for word in _KEY_WORD.findall(key)]
    if words[-2:] == ["i", "phone"]:  # a product line, not a number
        return False
    return bool(words) and (words[-1] in _PERSONAL or " ".join(words[-2:]) in _PERSONAL)


class _Walk:
    """One pass over one value, with what is left of its budget."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def scrubbed(self, value: object, *, depth: int) -> object:
        self._left -= 1
        if isinstance(value, str):
            return scrub_text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        if isinstance(value, dict):
            return self._object(value, depth)
        return self._array(value, depth) if isinstance(value, list | tuple) else REDACTED

    def _object(self, members: dict[object, object], depth: int) -> dict[str, object]:
        kept: dict[str, object] = {}
        for name, value in members.items():
            if self._left <= 0:
                break
            key = str(name)
            if names_personal_data(key[:MAX_KEY]) and value and not isinstance(value, bool):
                self._left -= 1
                value = REDACTED
            else:
                value = self.scrubbed(value, depth=depth + 1)
            kept[TOO_LONG if len(key) > MAX_KEY else scrub_text(key)] = value
        return kept

    def _array(self, values: list[object] | tuple[object, ...], depth: int) -> list[object]:
        kept: list[object] = []
        for value in values:
            if self._left <= 0:
                break
            kept.append(self.scrubbed(value, depth=depth + 1))
        return kept


def _scrubbed_parameter(parameter: re.Match[str]) -> str:
    key, value = parameter[1], parameter[2]
    personal = names_personal_data(unquote_plus(key)) or _holds_personal_data(value)
    return f"{key}={REDACTED}" if personal else parameter[0]


def _holds_personal_data(value: str) -> bool:
    """Tell whether *value* is an address or a number after undoing up to three layers of percent-encoding."""
    for _ in range(_ENCODINGS):
        if "%" not in value and "+" not in value:  # what is not encoded has been replaced already
            return False
        decoded = unquote_plus(value)
        if _EMAIL.search(decoded) or _PHONE.search(decoded):
            return True
        value = decoded
    return False
