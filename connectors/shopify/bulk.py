"""A bulk operation's JSONL → products: https://shopify.dev/docs/api/usage/bulk-operations/queries.

A line is a product, or one of its parts, which names its parent in `__parentId`. Parts need not follow their parent, so
the lines of a file are put together first; they are kept as bytes, about as much memory as the file is long.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from connectors.shopify.additions import Part, additions_of
from connectors.shopify.values import Amount, Count, Identifier, Moment, RestBody, ShortText, Text, id_of, validated
from schemas import product_values
from schemas.errors import TerminalError
from schemas.product_values import MOST_VARIANTS
from schemas.records import EpochMillis, Product, ProductChange, Shop, Variant

HEAD: Final = "id title descriptionHtml handle status vendor productType tags onlineStoreUrl updatedAt"
"""What is asked of a product itself."""
PARTS: Final = {
    "images": "id url",
    "collections": "id title",
    "metafields": "id namespace key value",
    "variants": (
        "id title sku price compareAtPrice barcode inventoryQuantity inventoryPolicy"
        " selectedOptions { name value } image { url } inventoryItem { id tracked }"
    ),
}
"""What is asked of its parts, by the connection they are behind."""


class _Line(RestBody):
    id: Identifier


class _Image(RestBody):
    url: Text | None = None


class _Option(RestBody):
    name: ShortText | None = None
    value: ShortText | None = None


class _Item(RestBody):
    id: Identifier | None = None
    tracked: bool | None = None


class _Variant(_Line):
    title: ShortText | None = None
    sku: ShortText | None = None
    price: Amount | None = None
    compareAtPrice: Amount | None = None
    barcode: ShortText | None = None
    inventoryQuantity: Count | None = None
    inventoryPolicy: ShortText | None = None
    selectedOptions: list[_Option] | None = None
    image: _Image | None = None
    inventoryItem: _Item | None = None


class _Product(_Line):
    title: ShortText | None = None
    descriptionHtml: Annotated[str, Field(max_length=4_000_000)] | None = None
    handle: ShortText | None = None
    status: ShortText | None = None
    vendor: ShortText | None = None
    productType: ShortText | None = None
    tags: list[Text] | None = None
    onlineStoreUrl: ShortText | None = None
    updatedAt: Moment | None = None


def query_of(since: str | None) -> str:
    """Write the query for all products, or those updated at or after *since* (ISO 8601)."""
    found = f"(query: \"updated_at:>='{since}'\")" if since else ""
    parts = " ".join(f"{name} {{ edges {{ node {{ {fields} }} }} }}" for name, fields in PARTS.items())
    return f"{{ products{found} {{ edges {{ node {{ {HEAD} {parts} }} }} }} }}"


def assembled(lines: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
    """Yield each product with its parts behind it, whatever the order of the lines.

    Raises:
        TerminalError: `bad_json`, a line is no object with an id.
    """
    together: dict[str, list[bytes]] = {}
    for line in lines:
        if line.strip():
            told = read_line(line)
            together.setdefault(told.get("__parentId") or told["id"], []).append(line)
    for parent, kept in together.items():
        objects = sorted(map(read_line, kept), key=lambda each: "__parentId" in each)
        if objects[0]["id"] == parent:  # else the product itself was cut off: a failed operation's partial file
            yield objects


def to_product_change(objects: list[dict[str, Any]], shop: Shop, told_at: EpochMillis) -> ProductChange:
    """Describe a product and its parts, as `assembled` yields them.

    Raises:
        TerminalError: a field is of a wrong type, or there are more variants than we keep.
    """
    product = validated(_Product, objects[0])
    product_id = id_of(product.id, None)
    if product_id is None:
        raise TerminalError("missing_field", "id")
    variants = [validated(_Variant, each) for each in objects[1:] if "/ProductVariant/" in each["id"]]
    if len(variants) > MOST_VARIANTS:
        raise TerminalError("too_large", "variants", str(len(variants)))
    parts = [validated(Part, each) for each in objects[1:] if "/ProductVariant/" not in each["id"]]
    return ProductChange(
        shop_id=shop["shop_id"],
        product_id=product_id,
        action="upsert",
        source="shopify",
        delivery_id=f"pull:{told_at}",
        occurred_at=product.updatedAt or told_at,
        received_at=told_at,
        product=_product(product, parts, shop) | {"variants": [_variant(each) for each in variants]},
        inventory=None,
    )


def _product(product: _Product, parts: list[Part], shop: Shop) -> Product:
    images = product_values.image_urls(each.url for each in parts)
    additions = additions_of(parts)
    page = f"https://{shop['domains'][0]}/products/{product.handle}" if product.handle and shop["domains"] else None
    return Product(
        title=product_values.plain_title(product.title),
        description=product_values.kept_description(product.descriptionHtml),
        handle=product.handle or None,
        url=product.onlineStoreUrl or page,
        status=(product.status or "active").lower(),
        brand=product.vendor or None,
        category=product.productType or None,
        tags=product_values.labels(product.tags or ()),
        image_url=next(iter(images), None),
        currency=shop["currency"],
        variants=[],
        categories=product_values.labels([product.productType]),
        collections=additions.collections,
        images=images,
        preorder_at=None,
        metafields=additions.metafields,
    )


def _variant(variant: _Variant) -> Variant:
    image = product_values.image_url(variant.image.url if variant.image else None)
    item = variant.inventoryItem
    return Variant(
        variant_id=id_of(variant.id, None) or variant.id,
        sku=variant.sku or None,
        title=product_values.plain_title(variant.title),
        price=product_values.payable(variant.price),
        compare_at_price=product_values.payable(variant.compareAtPrice) or None,
        barcode=variant.barcode or None,
        image_url=image,
        inventory_item_id=id_of(item.id, None) if item else None,
        inventory_quantity=variant.inventoryQuantity,
        options={each.name: each.value for each in variant.selectedOptions or () if each.name and each.value},
        url=None,
        images=[image] if image else [],
        inventory_tracked=item.tracked if item else None,
        available=None,
        backorders=variant.inventoryPolicy == "CONTINUE" if variant.inventoryPolicy else None,
        metafields={},
    )


def read_line(line: bytes) -> dict[str, Any]:
    """Read one line of an operation's file. Raises `TerminalError` where it is no object with an id."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise TerminalError("bad_json", "line") from None
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        raise TerminalError("missing_field", "line.id")
    if not isinstance(told.get("__parentId"), str | None):
        raise TerminalError("wrong_type", "line.__parentId")
    return told
