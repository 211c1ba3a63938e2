"""A BigCommerce product → the record `ProductChange`.

The version is the time we asked: a change of stock leaves `date_modified` as it was, and each change after we asked
brings a callback of its own, for which we ask again.
"""

from collections.abc import Mapping
from typing import NamedTuple

from connectors.bigcommerce.bodies import ProductBody, VariantBody
from schemas import product_values
from schemas.errors import TerminalError
from schemas.product_values import MOST_VARIANTS
from schemas.records import BigCommerceAccess, EpochMillis, Product, ProductChange, Shop, Variant


class Asked(NamedTuple):
    """For which shop we asked, why (the delivery), and when (milliseconds)."""

    shop: Shop
    access: BigCommerceAccess
    delivery_id: str
    asked_at: EpochMillis


class Names(NamedTuple):
    """What the ids in a product mean."""

    brands: Mapping[str, str]
    categories: Mapping[str, str]


def to_product_change(body: ProductBody, names: Names, asked: Asked) -> ProductChange:
    """Describe a product.

    Raises:
        TerminalError: it has more variants than we keep.
    """
    if len(body.variants or ()) > MOST_VARIANTS:
        raise TerminalError("too_large", "variants", str(len(body.variants or ())))
    return _change(body.id, asked) | {"product": _product(body, names, asked)}


def to_deletion(product_id: str, asked: Asked) -> ProductChange:
    """Describe that a product is gone."""
    return _change(product_id, asked) | {"action": "delete"}


def item_of(product_id: str, variant_id: str | None, *, by_product: bool) -> str | None:
    """Name what stock is counted of: the variant, or the product where all variants share it; their ids overlap."""
    return f"product-{product_id}" if by_product else variant_id


def _change(product_id: str, asked: Asked) -> ProductChange:
    return ProductChange(
        shop_id=asked.shop["shop_id"],
        product_id=product_id,
        action="upsert",
        source="bigcommerce",
        delivery_id=asked.delivery_id,
        occurred_at=asked.asked_at,
        received_at=asked.asked_at,
        product=None,
        inventory=None,
    )


def _product(body: ProductBody, names: Names, asked: Asked) -> Product:
    pictures = sorted(body.images or (), key=lambda each: (not each.is_thumbnail, each.sort_order or 0))
    images = product_values.image_urls(each.url_zoom or each.url_standard for each in pictures)
    categories = product_values.labels(names.categories.get(each) for each in body.categories or ())
    is_shown = body.is_visible is not False and body.availability != "disabled"
    fields = [(each.name or "", each.value or "") for each in body.custom_fields or ()]
    alone = VariantBody(id=body.id, sku=body.sku, upc=body.upc, gtin=body.gtin, inventory_level=body.inventory_level)
    return Product(
        title=product_values.plain_title(body.name),
        description=product_values.kept_description(body.description),
        handle=((body.custom_url and body.custom_url.url) or "").strip("/") or None,
        url=_page(body, asked),
        status="active" if is_shown else "draft",
        brand=product_values.plain_title(names.brands.get(body.brand_id or "")),
        category=next(iter(categories), None),
        tags=[],
        image_url=next(iter(images), None),
        currency=asked.shop["currency"],  # the catalog's prices are in the shop's default currency
        variants=[_variant(each, body) for each in body.variants or (alone,)],
        categories=categories,
        collections=[],
        images=images,
        preorder_at=body.preorder_release_date if body.availability == "preorder" else None,
        metafields=product_values.metafields(fields),
    )


def _page(body: ProductBody, asked: Asked) -> str | None:
    path = body.custom_url.url if body.custom_url else None
    domains = asked.shop["domains"]
    home = asked.access["storefront_url"] or (f"https://{domains[0]}" if domains else None)
    return f"{home.rstrip('/')}/{path.lstrip('/')}" if home and path else None


def _variant(each: VariantBody, product: ProductBody) -> Variant:
    price, before = _prices(each, product)
    values = [(value.option_display_name or "", value.label or "") for value in each.option_values or ()]
    options = {name: label for name, label in values if name and label}
    image = product_values.image_url(each.image_url)
    counts_variants = product.inventory_tracking == "variant"
    return Variant(
        variant_id=each.id,
        sku=each.sku or None,
        title=product_values.plain_title(" / ".join(options.values())),
        price=price,
        compare_at_price=before,
        barcode=each.gtin or each.upc or None,
        image_url=image,
        inventory_item_id=item_of(product.id, each.id, by_product=product.inventory_tracking == "product"),
        inventory_quantity=each.inventory_level if counts_variants else product.inventory_level,
        options=options,
        url=None,
        images=[image] if image else [],
        inventory_tracked=product.inventory_tracking != "none" if product.inventory_tracking else None,
        available=product.availability != "disabled" and not each.purchasing_disabled,
        backorders=None,
        metafields={},
    )


def _prices(each: VariantBody, product: ProductBody) -> tuple[float | None, float | None]:
    """Return what is paid, and what it cost before; a sale price of 0 is none."""
    usual = product_values.payable(product.price if each.price is None else each.price)
    sale = product_values.payable(product.sale_price if each.sale_price is None else each.sale_price)
    paid = sale if sale and (usual is None or sale < usual) else usual
    retail = product_values.payable(product.retail_price if each.retail_price is None else each.retail_price)
    before = usual if paid != usual else retail
    return paid, before if before and paid is not None and before > paid else None
