"""The values Shopify's REST bodies are made of: those of all shop systems, and ids that are also in a gid."""

from schemas.bodies import (
    LARGEST_QUANTITY,
    LONGEST,
    Amount,
    Body,
    Count,
    Identifier,
    Moment,
    Quantity,
    RestBody,
    ShortText,
    Text,
    moment,
    validated,
)
from schemas.identifiers import is_junk

__all__ = (
    "LARGEST_QUANTITY",
    "LONGEST",
    "Amount",
    "Body",
    "Count",
    "Identifier",
    "Moment",
    "Quantity",
    "RestBody",
    "ShortText",
    "Text",
    "id_of",
    "moment",
    "validated",
)


def id_of(gid: str | None, number: str | None) -> str | None:
    """Return the id: the digits that *gid* ends with, else *number*; a JavaScript hop rounds only the latter."""
    digits = (gid or "").partition("?")[0].rpartition("/")[2]
    chosen = digits if digits.isdecimal() else (number or "")
    return None if is_junk(chosen) else chosen
