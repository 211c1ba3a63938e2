"""Personal data → what may leave the edge: SHA-256 of the form Meta's written rules ask for.

In: clear text under Meta's field names (`em`, `ph`, …). Out: lower-case hex digests, and which fields were
refused and why. Nothing is kept, cached or logged; a bad value costs only itself.
Rules: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, get_args

from schemas.user_data import people, phones, places
from schemas.user_data.countries import ALPHA_2, alpha_2
from schemas.user_data.values import Normalizer, Refusal, RefusalReason, already_hashed, cleaned, is_md5

__all__ = [
    "HASHED_FIELDS",
    "NEVER_HASHED",
    "HashedField",
    "HashedUserData",
    "Refusal",
    "RefusalReason",
    "hash_user_data",
    "normalize",
]

HashedField = Literal["em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "ge", "external_id"]
HASHED_FIELDS: Final[tuple[HashedField, ...]] = get_args(HashedField)
NEVER_HASHED: Final = frozenset({"fbp", "fbc", "client_ip_address", "client_user_agent", "subscription_id", "lead_id"})
"""Meta reads these as they are; this module leaves them alone."""

_NORMALIZERS: Final[dict[HashedField, Normalizer]] = {
    "em": people.email,
    "ph": phones.phone,
    "fn": people.name,
    "ln": people.name,
    "ct": places.city,
    "st": places.state,
    "zp": places.postcode,
    "country": places.country,
    "db": people.birth_date,
    "ge": people.gender,
    "external_id": people.external_id,
}


@dataclass(frozen=True, slots=True)
class HashedUserData:
    """*hashes*: field → lower-case SHA-256. *refused*: field and reason of each value left out."""

    hashes: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[HashedField, RefusalReason]] = field(default_factory=list)


def normalize(field: HashedField, value: object, *, region: str | None) -> str | Refusal:
    """Bring *value* into the form Meta hashes; a SHA-256 passes, lower-cased.

    *region* is an ISO alpha-2 code in either case: where national phone numbers, states and postcodes belong.
    Never raises, whatever *value* is.
    """
    text = cleaned(value)
    if isinstance(text, Refusal):
        return text
    if digest := already_hashed(text):
        return digest
    if field != "external_id" and is_md5(text):  # a shop's own id may well be a UUID without dashes
        return Refusal("md5")
    return _NORMALIZERS[field](text, region.upper() if region else None)


def hash_user_data(raw: Mapping[str, object], *, region: str | None) -> HashedUserData:
    """Hash the fields of *raw* that are personal data; other keys are not looked at.

    A list offers several values: the first good one is taken, every bad one before it is reported.
    The address' own `country` goes before *region*, the shop's.
    """
    result = HashedUserData()
    home = _home(raw.get("country"), region)
    for name in HASHED_FIELDS:
        for value in _offered(raw.get(name)):
            normal = normalize(name, value, region=home)
            if not isinstance(normal, Refusal):
                result.hashes[name] = _digest(normal)
                break
            if normal.reason != "empty":
                result.refused.append((name, normal.reason))
    return result


def _offered(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        yield from value
    elif value is not None:
        yield value


def _digest(normal: str) -> str:
    return already_hashed(normal) or sha256(normal.encode()).hexdigest()


_REGION_OF_HASH: Final = {_digest(code.lower()): code for code in ALPHA_2}


def _home(country: object, region: str | None) -> str | None:
    """Where the address is: its country, in clear or hashed, else the shop's *region*."""
    for value in _offered(country):
        text = cleaned(value)
        if isinstance(text, str) and (code := _REGION_OF_HASH.get(text.lower()) or alpha_2(text)):
            return code
    return region
