"""Describes an item field by field: what Meta needs, what it may have, and everything that is wrong with it.

https://developers.facebook.com/docs/marketing-api/catalog/reference/
"""

from typing import Any, Final
from urllib.parse import urlsplit

from connectors.meta.catalog import addresses, fields, options, prices, texts
from connectors.meta.catalog.subjects import Subject

LONGEST_GROUP: Final = 100
_OWN_WAY: Final = frozenset({"title", "description", "link", "image_link", "brand", "condition", "status"})
"""Attributes whose mapping is read where they are described."""


def described(subject: Subject) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the item's fields but its id, its warnings, and the problems for which it cannot be listed."""
    described: dict[str, Any] = {}
    warnings: list[str] = []
    problems = [*_title(subject, described, warnings), *_price(subject, described), *_addresses(subject, described)]
    _standing(subject, described, warnings)
    _grouped(subject, described, warnings)
    _features(subject, described, warnings)
    _mapped(subject, described, warnings)
    return described, warnings, problems


def _title(subject: Subject, told: dict[str, Any], warnings: list[str]) -> list[str]:
    """Put in title and description."""
    title, remarks = texts.title(subject.mapped("title") or subject.product["title"] or "")
    if not title:
        return ["missing_title"]
    description = texts.description(subject.mapped("description") or subject.product["description"] or "")
    warnings += remarks if description else (*remarks, "missing_description")
    told |= {"title": title, "description": description or title}
    return []


def _price(subject: Subject, told: dict[str, Any]) -> list[str]:
    price = prices.of_variant(subject.variant, subject.product, subject.shop)
    if price.reason is not None:
        return [price.reason]
    told["price"] = price.price
    if price.sale_price is not None:
        told["sale_price"] = price.sale_price
    return []


def _addresses(subject: Subject, told: dict[str, Any]) -> list[str]:
    """Put in the page and the pictures."""
    problems = []
    link = subject.mapped("link") or addresses.link(subject.change, subject.product, subject.itself)
    page = addresses.page(link)
    if page is None:
        problems.append("bad_link" if link else "missing_link")
    own = subject.mapped("image_link")
    pictures = addresses.whole([own, *subject.pictures]) if own else subject.pictures
    if not pictures:
        problems.append(
            "bad_image" if own or addresses.names_any(subject.product, subject.variant) else "missing_image"
        )
    if problems:
        return problems
    told |= {"link": page, "image_link": pictures[0]}
    if further := addresses.additional(pictures[1:]):
        told["additional_image_link"] = further
    return []


def _standing(subject: Subject, told: dict[str, Any], warnings: list[str]) -> None:
    """Put in whether it can be bought, whose it is and whether it is shown."""
    stocked = subject.stocked
    told["availability"] = stocked.availability
    if stocked.quantity is not None:
        told["quantity_to_sell_on_facebook"] = stocked.quantity
    brand = fields.fit("brand", subject.mapped("brand") or subject.product["brand"] or "")
    if brand is None:
        warnings.append("missing_brand")
    told["brand"] = brand or _home(subject)
    shown = "active" if subject.product["status"] == "active" else "archived"
    for attribute, usual in (("condition", "new"), ("status", shown)):
        wanted = subject.mapped(attribute)
        fitting = fields.fit(attribute, wanted) if wanted else None
        if wanted and fitting is None:
            warnings.append("bad_field")
        told[attribute] = fitting or usual


def _grouped(subject: Subject, told: dict[str, Any], warnings: list[str]) -> None:
    """Put in what the variants of a product share, and what tells them apart.

    A lone variant has a group too: events may name products, and its id should not change with a second variant.
    """
    product_id = subject.change["product_id"]
    if not subject.is_parent and len(product_id) <= LONGEST_GROUP:
        told["item_group_id"] = product_id
    if (variant := subject.itself) is None:
        return
    attributes = options.attributes(variant)
    told |= {name: fit for name, option in attributes.items() if (fit := fields.fit(name, option)) is not None}
    if not attributes and not subject.is_alone:
        warnings.append("no_variant_attribute")


def _features(subject: Subject, told: dict[str, Any], warnings: list[str]) -> None:
    """Put in what the shop tells besides."""
    product, variant = subject.product, subject.itself
    if category := fields.fit("product_type", product["category"] or ""):
        told["product_type"] = category
    if tags := fields.labels(product["tags"]):
        told["internal_label"] = tags
    if variant is None or not variant["barcode"] or "gtin" in subject.catalog["fields"]:
        return
    if digits := fields.gtin(variant["barcode"]):
        told["gtin"] = digits
    else:
        warnings.append("bad_gtin")


def _mapped(subject: Subject, told: dict[str, Any], warnings: list[str]) -> None:
    for attribute in subject.catalog["fields"]:
        wanted = None if attribute in _OWN_WAY else subject.mapped(attribute)
        if not wanted:
            continue
        fitting = fields.fit(attribute, wanted)
        if fitting is None:
            warnings.append("bad_gtin" if attribute == "gtin" else "bad_field")
        else:
            told[attribute] = fitting


def _home(subject: Subject) -> str:
    """Name the shop by its domain, its own before the one that Shopify lent it."""
    domains = sorted(subject.shop["domains"], key=lambda domain: domain.endswith(".myshopify.com"))
    named = domains[0] if domains else urlsplit(subject.product["url"] or "").hostname or subject.shop["shop_id"]
    return named.removeprefix("www.")[:100]
