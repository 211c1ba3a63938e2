"""A product as a person writes it (YAML or JSON), checked, and as it travels on `products.changed`."""

from typing import Annotated, Final, Literal, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from schemas.bodies import LARGEST_AMOUNT, LARGEST_COUNT
from schemas.errors import TerminalError
from schemas.product_values import (
    LONGEST_METAFIELD,
    LONGEST_TITLE,
    MOST_IMAGES,
    MOST_METAFIELDS,
    MOST_TAGS,
    MOST_VARIANTS,
)
from schemas.records import EpochMillis, Product, ProductChange, Shop
from schemas.wording import refusal

LONGEST_ID: Final = 255

Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Label = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
Labels = Annotated[tuple[Label, ...], Field(max_length=MOST_TAGS)]
Address = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2_048)]
Addresses = Annotated[tuple[Address, ...], Field(max_length=MOST_IMAGES)]
Price = Annotated[float, Field(ge=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]
Metafields = Annotated[
    dict[Label, Annotated[str, Field(max_length=LONGEST_METAFIELD)]], Field(max_length=MOST_METAFIELDS)
]


class VariantFile(BaseModel):
    """One sellable form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant_id: Id
    sku: Id | None = None
    title: Label | None = None
    price: Price | None = None
    compare_at_price: Price | None = None
    barcode: Annotated[str, Field(pattern=r"^[0-9]{8,14}$")] | None = Field(None, description="GTIN.")
    image_url: Address | None = None
    inventory_item_id: Id | None = None
    inventory_quantity: int | None = Field(None, ge=-LARGEST_COUNT, le=LARGEST_COUNT)
    options: dict[Label, Label] = {}
    url: Address | None = None
    images: Addresses = ()
    inventory_tracked: bool | None = None
    available: bool | None = None
    backorders: bool | None = None
    metafields: Metafields = {}


class ProductFile(BaseModel):
    """One product; what is not written is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product_id: Id
    title: Label
    description: str | None = Field(None, max_length=10_000)
    handle: Label | None = None
    url: Address | None = None
    status: Literal["active", "draft", "archived"] = "active"
    brand: Label | None = None
    category: Label | None = None
    tags: Labels = ()
    image_url: Address | None = None
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="Else the shop's.")
    variants: Annotated[tuple[VariantFile, ...], Field(min_length=1, max_length=MOST_VARIANTS)]
    categories: Labels = ()
    collections: Labels = ()
    images: Addresses = ()
    preorder_at: AwareDatetime | None = None
    metafields: Metafields = {}

    def to_change(self, shop: Shop, delivery_id: str, now: EpochMillis) -> ProductChange:
        """Say it as the topic carries it, told by hand at *now* (milliseconds).

        Raises:
            TerminalError: neither the product nor the shop has a currency, or two variants have one id.
        """
        currency = self.currency or shop["currency"]
        if currency is None:
            raise TerminalError("missing_field", "currency", "neither the product nor the shop names one")
        if len({variant.variant_id for variant in self.variants}) < len(self.variants):
            raise TerminalError("bad_value", "variants", "two of them have the same variant_id")
        product = self.model_dump(mode="json", exclude={"product_id", "preorder_at"}) | {
            "currency": currency,
            "image_url": self.image_url or next(iter(self.images), None),
            "preorder_at": int(self.preorder_at.timestamp() * 1000) if self.preorder_at else None,
        }
        return _change(shop, self.product_id, delivery_id, now) | {"product": cast(Product, product)}


def to_deletion(shop: Shop, product_id: str, delivery_id: str, now: EpochMillis) -> ProductChange:
    """Say that a product is gone."""
    return _change(shop, product_id, delivery_id, now) | {"action": "delete"}


def parse_product(content: object) -> ProductFile:
    """Check a product as YAML or JSON gave it.

    Raises:
        TerminalError: `bad_value` with every wrong field's path and what is wrong with it; no values.
    """
    try:
        return ProductFile.model_validate(content)
    except ValidationError as exc:
        raise refusal(exc, "product") from None


def _change(shop: Shop, product_id: str, delivery_id: str, now: EpochMillis) -> ProductChange:
    return ProductChange(
        shop_id=shop["shop_id"],
        product_id=product_id,
        action="upsert",
        source="hand",
        delivery_id=delivery_id,
        occurred_at=now,
        received_at=now,
        product=None,
        inventory=None,
    )
