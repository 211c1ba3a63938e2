"""Where an item's page and pictures are.

Meta fetches a picture again only when its address changes, and advises against stamping addresses, so they stay as the
shop tells them: Shopify and BigCommerce put a version there themselves.
https://developers.facebook.com/blog/post/2021/01/05/product-catalog-image-fetching-logic/
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final
from urllib.parse import quote

from schemas.product_values import image_urls
from schemas.records import Product, ProductChange, Variant

MOST_ADDITIONAL: Final = 20
LONGEST_ADDITIONAL: Final = 2_000
"""Characters of all additional pictures together, commas between them: a feed takes no more."""
_MOST_READ: Final = 250

_PAGE: Final = re.compile(r"https?://[^\s/?#@:\[\]]+(:\d+)?([/?#]\S*)?", re.IGNORECASE)
_SEPARATED: Final = re.compile("[,;|]")
_SEPARATORS: Final = str.maketrans({",": "%2C", ";": "%3B", "|": "%7C"})


def page(text: str | None) -> str | None:
    """Return the address of a page; None for what is none."""
    address = (text or "").strip()
    return address if _PAGE.fullmatch(address) and address.isprintable() else None


def link(change: ProductChange, product: Product, variant: Variant | None) -> str | None:
    """Return the page of *variant*, else (and of None) the product's; None where the shop tells neither.

    Shopify shows the variant that the address names.
    """
    own = variant["url"] if variant else None
    if own or not product["url"]:
        return own
    if variant is None or change["source"] != "shopify" or len(product["variants"]) < 2:
        return product["url"]
    return with_variant(product["url"], variant["variant_id"])


def with_variant(address: str, variant_id: str) -> str:
    """Add Shopify's `variant` to *address*."""
    path, mark, fragment = address.partition("#")
    return f"{path}{'&' if '?' in path else '?'}variant={quote(variant_id, safe='', errors='replace')}{mark}{fragment}"


def of_product(product: Product) -> list[str]:
    """List the pictures that show the product and no variant of it."""
    of_variants = {picture for each in product["variants"] for picture in _own(each)}
    return image_urls(picture for picture in (product["image_url"], *product["images"]) if picture not in of_variants)


def of_parent(product: Product) -> list[str]:
    """List all pictures, those of the product first."""
    of_variants = [picture for each in product["variants"] for picture in _own(each)]
    return image_urls(islice((product["image_url"], *product["images"], *of_variants), _MOST_READ))


def of_variant(variant: Variant, product: Product, common: Iterable[str]) -> list[str]:
    """List the pictures of *variant*, its own first, then those *common* to all; without its own the product's."""
    own = image_urls(_own(variant))
    if not own:
        own = image_urls([product["image_url"], *product["images"][:1]])[:1]
    return list(dict.fromkeys((*own, *common)))


def additional(addresses: Iterable[str]) -> list[str]:
    """List further pictures of whole *addresses*, as many as both a batch and a feed take."""
    kept: list[str] = []
    length = 0
    for each in islice(addresses, MOST_ADDITIONAL):
        address = each.translate(_SEPARATORS) if _SEPARATED.search(each) else each
        length += len(address) + 1
        if length > LONGEST_ADDITIONAL:
            break
        kept.append(address)
    return kept


def whole(texts: Iterable[str]) -> list[str]:
    """Return the whole addresses among *texts*, each once."""
    return image_urls(texts)


def names_any(product: Product, variant: Variant) -> bool:
    """Tell whether the shop names a picture at all."""
    return any((product["image_url"], *product["images"], *_own(variant)))


def _own(variant: Variant) -> list[str | None]:
    return [variant["image_url"], *variant["images"]]
