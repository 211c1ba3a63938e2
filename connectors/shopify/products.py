"""A product webhook → the record `ProductChange`.

Bodies: https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-products/update
"""

from typing import Annotated, Any

from pydantic import Field

from connectors.shopify.deliveries import Delivery, to_change
from connectors.shopify.values import (
    Amount,
    Count,
    Identifier,
    Moment,
    RestBody,
    ShortText,
    Text,
    id_of,
    validated,
)
from schemas.errors import TerminalError
from schemas.product_values import MOST_VARIANTS, image_url, image_urls, kept_description, labels, payable, plain_title
from schemas.records import Product, ProductChange, Shop, Variant


class _Image(RestBody):
    id: Identifier | None = None
    src: ShortText | None = None


class _Option(RestBody):
    name: ShortText | None = None


class _Variant(RestBody):
    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None
    sku: ShortText | None = None
    title: ShortText | None = None
    price: Amount | None = None
    compare_at_price: Amount | None = None
    barcode: ShortText | None = None
    image_id: Identifier | None = None
    inventory_item_id: Identifier | None = None
    inventory_quantity: Count | None = None
    inventory_management: ShortText | None = None
    inventory_policy: ShortText | None = None
    option1: ShortText | None = None
    option2: ShortText | None = None
    option3: ShortText | None = None


class _Product(RestBody):
    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None
    title: ShortText | None = None
    body_html: Annotated[str, Field(max_length=4_000_000)] | None = None
    handle: ShortText | None = None
    status: ShortText | None = None
    vendor: ShortText | None = None
    product_type: ShortText | None = None
    tags: Text | list[Text] | None = None
    image: _Image | None = None
    images: list[_Image] | None = None
    options: list[_Option] | None = None
    variants: Annotated[list[_Variant], Field(max_length=MOST_VARIANTS)] | None = None
    updated_at: Moment | None = None


def to_product_change(body: Any, delivery: Delivery) -> ProductChange:
    """Describe a product as `products/create` and `products/update` tell it.

    Raises:
        TerminalError: a field is of a wrong type, or the body names no product, as Shopify now and then sends it.
    """
    product = validated(_Product, body)
    product_id = id_of(product.admin_graphql_api_id, product.id)
    if product_id is None or product.variants is None:
        raise TerminalError("missing_field", "id" if product_id is None else "variants")
    return to_change(delivery, product_id, "upsert", product.updated_at, _to_product(product, delivery.shop))


def to_product_deletion(body: Any, delivery: Delivery) -> ProductChange:
    """Describe that a product is gone; the body holds its id and nothing else.

    Raises:
        TerminalError: it does not even hold that.
    """
    product = validated(_Product, body)
    product_id = id_of(product.admin_graphql_api_id, product.id)
    if product_id is None:
        raise TerminalError("missing_field", "id")
    return to_change(delivery, product_id, "delete", product.updated_at, None)


def key_of(change: ProductChange) -> bytes:
    """Return the key of `products.changed`: shop and product, or shop and stock level."""
    level = change["inventory"]
    if level is not None:
        return f"{change['shop_id']}|inventory|{level['inventory_item_id']}|{level['location_id']}".encode()
    return f"{change['shop_id']}|{change['product_id']}".encode()


def _to_product(product: _Product, shop: Shop) -> Product:
    images = {image.id: url for image in product.images or () if image.id and (url := image_url(image.src))}
    names = [option.name or f"option{number}" for number, option in enumerate(product.options or (), 1)]
    pictures = image_urls(each.src for each in (product.image, *(product.images or ())) if each)
    return Product(
        title=plain_title(product.title),
        description=kept_description(product.body_html),
        handle=product.handle or None,
        url=f"https://{shop['domains'][0]}/products/{product.handle}" if product.handle and shop["domains"] else None,
        status=product.status or "active",
        brand=product.vendor or None,
        category=product.product_type or None,
        tags=_tags(product.tags),
        image_url=next(iter(pictures), None),
        currency=shop["currency"],
        variants=[_to_variant(variant, names, images) for variant in product.variants or ()],
        categories=labels([product.product_type]),
        collections=[],
        images=pictures,
        preorder_at=None,
        metafields={},
    )


def _to_variant(variant: _Variant, names: list[str], images: dict[str, str]) -> Variant:
    variant_id = id_of(variant.admin_graphql_api_id, variant.id)
    if variant_id is None:
        raise TerminalError("missing_field", "variants.id")
    values = (variant.option1, variant.option2, variant.option3)
    picture = images.get(variant.image_id) if variant.image_id else None
    managed = variant.inventory_management
    # A product with one variant has an option that says nothing: Title = Default Title.
    options = {name: value for name, value in zip(_three(names), values, strict=True) if value}
    return Variant(
        variant_id=variant_id,
        sku=variant.sku or None,
        title=plain_title(variant.title),
        price=payable(variant.price),
        compare_at_price=payable(variant.compare_at_price) or None,
        barcode=variant.barcode or None,
        image_url=picture,
        inventory_item_id=variant.inventory_item_id,
        inventory_quantity=variant.inventory_quantity,
        options=options,
        url=None,
        images=[picture] if picture else [],
        # Older bodies name who counts; newer ones leave it out, and then the quantity does not tell whether it counts.
        inventory_tracked=None if "inventory_management" not in variant.model_fields_set else bool(managed),
        available=None,
        backorders=variant.inventory_policy == "continue" if variant.inventory_policy else None,
        metafields={},
    )


def _three(names: list[str]) -> list[str]:
    return [names[index] if index < len(names) else f"option{index + 1}" for index in range(3)]


def _tags(tags: str | list[str] | None) -> list[str]:
    listed = tags.split(",") if isinstance(tags, str) else tags or []
    return labels(listed)
