"""What names things in events, cleaned: junk becomes nothing, Shopify's gids become the ids they end with."""

import re

from connectors.ingest.reading import identifies

_DIGITS = re.compile(r"(\d+)$", re.ASCII)


def known(identifier: str | None) -> str | None:
    """Return *identifier* without spaces around it, or nothing when it names nothing."""
    if identifier is None or not identifies(identifier):
        return None
    return identifier.strip()


def plain(identifier: str | None) -> str | None:
    """Return what a gid such as `gid://shopify/Customer/123?x=y` ends with; any other *identifier* as it is."""
    cleaned = known(identifier)
    if cleaned is None or not cleaned.startswith("gid://"):
        return cleaned
    return known(cleaned.partition("?")[0].rpartition("/")[2])


def order_digits(identifier: str | None) -> str | None:
    """Return the Admin order id: the digits that every form of it ends with."""
    found = _DIGITS.search((known(identifier) or "").partition("?")[0])
    return known(found[1]) if found else None
