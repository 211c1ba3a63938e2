"""Products and variations as WooCommerce's REST API and webhooks tell them.

https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from schemas.bodies import Amount, Count, Identifier, Moment, RestBody, ShortText, Text


def _blank_is_none(value: Any) -> Any:
    return None if value == "" or value is False else value


def _whole(value: Any) -> Any:
    """Read a stock as a whole number: a shop that sells by weight counts in fractions."""
    return int(value) if isinstance(value, float) and abs(value) < 2**53 else value


def _listed(value: Any) -> Any:
    """PHP writes an empty map as a list, and a list with gaps as a map."""
    return list(value.values()) if isinstance(value, dict) else value


Price = Annotated[Amount | None, BeforeValidator(_blank_is_none)]
Stock = Annotated[Count | None, BeforeValidator(_whole)]
Words = Annotated[str, Field(max_length=4_000_000)]


class Named(RestBody):
    """A category, a tag or a brand."""

    name: ShortText | None = None


class Image(RestBody):
    """A picture."""

    src: Annotated[Text | None, BeforeValidator(_blank_is_none)] = None


class Attribute(RestBody):
    """Of a variation: its one *option*. Of a product: all it comes in."""

    name: ShortText | None = None
    option: ShortText | None = None
    options: Annotated[list[ShortText] | None, BeforeValidator(_listed)] = None


class Meta(RestBody):
    """A field of the shop's own, or of a plugin."""

    key: ShortText | None = None
    value: Any = None


class Action(RestBody):
    """What a webhook on an action of WordPress's sends: its first argument, here the id of a variation."""

    arg: Identifier


class Thing(RestBody):
    """A product, or a variation of one (`parent_id` is not 0, or it came from the list of variations)."""

    id: Identifier
    parent_id: Identifier | None = None
    name: Text | None = None
    slug: ShortText | None = None
    permalink: Annotated[ShortText | None, BeforeValidator(_blank_is_none)] = None
    date_modified_gmt: Moment | None = None
    type: ShortText | None = None
    status: ShortText | bool | None = None
    description: Words | None = None
    short_description: Words | None = None
    sku: ShortText | None = None
    global_unique_id: ShortText | None = None
    price: Price = None
    regular_price: Price = None
    manage_stock: bool | ShortText | None = None
    stock_quantity: Stock = None
    stock_status: ShortText | None = None
    backorders: ShortText | None = None
    categories: list[Named] | None = None
    tags: list[Named] | None = None
    brands: list[Named] | None = None
    images: list[Image] | None = None
    image: Annotated[Image | None, BeforeValidator(lambda value: value or None)] = None
    attributes: Annotated[list[Attribute] | None, BeforeValidator(_listed)] = None
    variations: Annotated[list[Any] | None, BeforeValidator(_listed)] = None
    meta_data: Annotated[list[Meta] | None, BeforeValidator(_listed)] = None

    @property
    def parent(self) -> str | None:
        """The product that this is a variation of."""
        return self.parent_id if self.parent_id not in (None, "", "0") and self.type in (None, "variation") else None
