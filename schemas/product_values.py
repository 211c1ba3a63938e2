"""What shops write into products, made fit to keep: plain titles, whole image addresses, prices that can be paid.

Every source (webhooks, pulls, CSV, by hand) goes through these, so that one product reads the same from each.
"""

import html
import re
from collections.abc import Iterable
from typing import Final

LONGEST_TITLE: Final = 500
LONGEST_DESCRIPTION: Final = 10_000
"""Characters kept; Meta reads 9,999."""
MOST_VARIANTS: Final = 2_048
"""Of one product, as at Shopify: one with more does not fit into a Kafka record."""
MOST_TAGS: Final = 250
MOST_IMAGES: Final = 250
MOST_METAFIELDS: Final = 200
LONGEST_METAFIELD: Final = 2_048

_TAG: Final = re.compile(r"<[a-zA-Z/!][^<>]*>")
_SPACES: Final = re.compile(r"\s+")
_HOST: Final = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?/", re.IGNORECASE)


def plain_title(text: str | None) -> str | None:
    """Return a title without tags, entities and line breaks, at most LONGEST_TITLE characters; None for nothing."""
    if not text:
        return None
    plain = html.unescape(_TAG.sub(" ", text)) if "<" in text or "&" in text else text
    return _SPACES.sub(" ", plain).strip()[:LONGEST_TITLE] or None


def kept_description(text: str | None) -> str | None:
    """Return as much of a description as is kept; its HTML stays."""
    return (text or "")[:LONGEST_DESCRIPTION] or None


def image_url(address: str | None) -> str | None:
    """Return an image's whole address: `//host/x` and `host.example/x` become https; None for what is no address."""
    text = (address or "").strip()
    if text.startswith("//"):
        text = "https:" + text
    elif "://" not in text and _HOST.match(text):
        text = "https://" + text
    scheme, _, rest = text.partition("://")
    known = scheme.lower() in ("http", "https") and bool(rest) and not _SPACES.search(text)
    return text if known and len(text) <= LONGEST_METAFIELD else None


def image_urls(addresses: Iterable[str | None]) -> list[str]:
    """Return the whole addresses, each once, in order."""
    return list(dict.fromkeys(url for each in addresses if (url := image_url(each))))[:MOST_IMAGES]


def payable(amount: float | None) -> float | None:
    """Return a price; a negative one is none, so that nobody is told it."""
    return None if amount is None or amount < 0 else amount


def labels(texts: Iterable[str | None]) -> list[str]:
    """Return tags, categories or collections without blanks and doubles, in order."""
    return list(dict.fromkeys(text for each in texts if (text := (plain_title(each) or ""))))[:MOST_TAGS]


def metafields(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the shop's own fields that are not too many and not too long."""
    short = [(name, text) for name, text in fields if name and text and len(name) + len(text) <= LONGEST_METAFIELD]
    return dict(short[:MOST_METAFIELDS])
