"""A WooCommerce product with its variations → the record `ProductChange`.

The version of a simple product is its `date_modified_gmt`, of one with variations the time we asked: the newest date of
its variations goes back when that one is deleted. Nothing is newer than when we heard of it, whatever a clock says.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.woocommerce.bodies import Image, Meta, Thing
from schemas import product_values
from schemas.errors import TerminalError
from schemas.product_values import MOST_VARIANTS
from schemas.records import EpochMillis, Product, ProductChange, Shop, Variant

_STATUS = {"publish": "active", "trash": "archived"}


class Told(NamedTuple):
    """Who told it, and when we heard of it or, of what we fetch, asked (milliseconds)."""

    shop: Shop
    delivery_id: str
    received_at: EpochMillis


def to_product_change(product: Thing, variations: Sequence[Thing], told: Told) -> ProductChange:
    """Describe a product; without *variations* it is its own only variant.

    Raises:
        TerminalError: it has more variations than we keep.
    """
    if len(variations) > MOST_VARIANTS:
        raise TerminalError("too_large", "variations", str(len(variations)))
    version = told.received_at
    if not product.variations and product.type != "variable" and product.date_modified_gmt:
        version = min(product.date_modified_gmt, version)
    return _change(product.id, told, version) | {"product": _product(product, variations, told.shop)}


def to_deletion(product_id: str, told: Told) -> ProductChange:
    """Describe that a product is gone. Its body holds no time: the time it reached us is its version."""
    return _change(product_id, told, told.received_at) | {"action": "delete"}


def _change(product_id: str, told: Told, version: EpochMillis) -> ProductChange:
    return ProductChange(
        shop_id=told.shop["shop_id"],
        product_id=product_id,
        action="upsert",
        source="woocommerce",
        delivery_id=told.delivery_id,
        occurred_at=version,
        received_at=told.received_at,
        product=None,
        inventory=None,
    )


def _product(product: Thing, variations: Sequence[Thing], shop: Shop) -> Product:
    categories = product_values.labels(each.name for each in product.categories or ())
    pictures = _pictures(product.images)
    return Product(
        title=product_values.plain_title(product.name),
        description=product_values.kept_description(product.description or product.short_description),
        handle=product.slug or None,
        url=product.permalink or None,
        status=_status(product),
        brand=_brand(product),
        category=next(iter(categories), None),
        tags=product_values.labels(each.name for each in product.tags or ()),
        image_url=next(iter(pictures), None),
        currency=shop["currency"],  # no body names it
        variants=[_variant(each, product) for each in variations or (product,)],
        categories=categories,
        collections=[],
        images=pictures,
        preorder_at=None,
        metafields=_metafields(product.meta_data),
    )


def _variant(each: Thing, product: Thing) -> Variant:
    paid, regular = product_values.payable(each.price), product_values.payable(each.regular_price)
    is_variation = each is not product
    options = {
        attribute.name: attribute.option for attribute in each.attributes or () if attribute.name and attribute.option
    }
    pictures = _pictures([each.image] if each.image else each.images if is_variation else None)
    # A variation may leave counting to its product: manage_stock is then "parent".
    stock = product.stock_quantity if each.manage_stock == "parent" else each.stock_quantity
    return Variant(
        variant_id=each.id,
        sku=each.sku or None,
        title=product_values.plain_title(" / ".join(options.values())) if is_variation else None,
        price=regular if paid is None else paid,
        compare_at_price=regular if regular and paid is not None and regular > paid else None,
        barcode=each.global_unique_id or None,
        image_url=next(iter(pictures), None),
        inventory_item_id=None,
        inventory_quantity=stock,
        options=options,
        url=each.permalink if is_variation else None,
        images=pictures,
        inventory_tracked=bool(each.manage_stock) if each.manage_stock is not None else None,
        available=_available(each),
        backorders=each.backorders in ("yes", "notify") if each.backorders else None,
        metafields=_metafields(each.meta_data) if is_variation else {},
    )


def _available(each: Thing) -> bool | None:
    """Say whether it can be bought; a variation that is switched off cannot."""
    if each.status in (False, "draft", "private"):
        return False
    return each.stock_status in ("instock", "onbackorder") if each.stock_status else None


def _status(product: Thing) -> str:
    told = product.status
    if isinstance(told, bool) or told is None:
        return "draft" if told is False else "active"
    return _STATUS.get(told, "draft")


def _brand(product: Thing) -> str | None:
    named = [each.name for each in product.brands or ()]
    attributes = [each for each in product.attributes or () if (each.name or "").lower() == "brand"]
    written = [name for each in attributes for name in each.options or ()]
    return next((brand for each in (*named, *written) if (brand := product_values.plain_title(each))), None)


def _pictures(images: Iterable[Image] | None) -> list[str]:
    return product_values.image_urls(image.src for image in images or ())


def _metafields(fields: Iterable[Meta] | None) -> dict[str, str]:
    """Keep what a person wrote: names with an underscore are a plugin's own, and so are lists and maps."""
    shown = [(each.key or "", each.value) for each in fields or () if each.key and not each.key.startswith("_")]
    plain = [(name, str(value)) for name, value in shown if isinstance(value, str | int | float)]
    return product_values.metafields(plain)
