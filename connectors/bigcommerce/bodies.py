"""Callbacks and products as BigCommerce tells them.

https://developer.bigcommerce.com/docs/integrations/webhooks/events and
https://developer.bigcommerce.com/docs/rest-catalog/products
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from schemas.bodies import Amount, Count, Identifier, Moment, RestBody, ShortText, Text


def _number_or_none(value: Any) -> Any:
    """Read an amount; the documentation's own samples write `{}` where there is none."""
    return None if value in ({}, "") else value


Money = Annotated[Amount | None, BeforeValidator(_number_or_none)]
Words = Annotated[str, Field(max_length=4_000_000)]


class Reference(RestBody):
    """What a callback names beside its own id."""

    product_id: Identifier | None = None


class CallbackContent(RestBody):
    """What changed: its kind and its id, and the product where it is a part of one."""

    type: ShortText | None = None
    id: Identifier | None = None
    sku: Reference | None = None
    inventory: Reference | None = None


class Callback(RestBody):
    """A callback says only that something changed. *created_at* is in Unix seconds."""

    scope: ShortText
    data: CallbackContent
    hash: ShortText | None = None
    created_at: Count | None = None
    producer: ShortText | None = None


class OptionValue(RestBody):
    """What a variant is, of one option."""

    label: ShortText | None = None
    option_display_name: ShortText | None = None


class VariantBody(RestBody):
    """One variant; a price of null is the product's."""

    id: Identifier
    sku: ShortText | None = None
    price: Money = None
    sale_price: Money = None
    retail_price: Money = None
    inventory_level: Count | None = None
    image_url: Text | None = None
    upc: ShortText | None = None
    gtin: ShortText | None = None
    purchasing_disabled: bool | None = None
    option_values: list[OptionValue] | None = None


class ImageBody(RestBody):
    """A picture in several sizes."""

    url_zoom: Text | None = None
    url_standard: Text | None = None
    is_thumbnail: bool | None = None
    sort_order: Count | None = None


class CustomField(RestBody):
    """A field of the shop's own."""

    name: ShortText | None = None
    value: Text | None = None


class CustomUrl(RestBody):
    """Where the product's page is, below the storefront."""

    url: ShortText | None = None


class Identity(RestBody):
    """Whose stock it is."""

    product_id: Identifier | None = None
    variant_id: Identifier | None = None


class PlaceBody(RestBody):
    """How much of an item there is at one location; nobody buys from one that is switched off."""

    location_id: Identifier
    available_to_sell: Count | None = None
    location_enabled: bool | None = None


class InventoryBody(RestBody):
    """The stock of one item by location."""

    identity: Identity
    locations: list[PlaceBody] | None = None


class ProductBody(RestBody):
    """One product with what `include` asks for."""

    id: Identifier
    name: Text | None = None
    sku: ShortText | None = None
    description: Words | None = None
    price: Money = None
    sale_price: Money = None
    retail_price: Money = None
    categories: list[Identifier] | None = None
    brand_id: Identifier | None = None
    inventory_level: Count | None = None
    inventory_tracking: ShortText | None = None
    is_visible: bool | None = None
    availability: ShortText | None = None
    upc: ShortText | None = None
    gtin: ShortText | None = None
    preorder_release_date: Annotated[Moment | None, BeforeValidator(lambda value: value or None)] = None
    custom_url: CustomUrl | None = None
    variants: list[VariantBody] | None = None
    images: list[ImageBody] | None = None
    custom_fields: list[CustomField] | None = None
