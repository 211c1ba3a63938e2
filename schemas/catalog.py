"""A catalog at Meta as a person writes it into a shop's settings (YAML), checked."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.records import Product, Variant
from schemas.shop_systems import EnvironmentName

ITEM_ID_FIELDS: Final = ("product_id", "variant_id", "sku", "country")
ITEM_ID_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_ATTRIBUTE: Final = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_SOURCE: Final = re.compile(r"^((product|variant)\.[a-z_]+|(metafield|option):\S.*)$")
_FIELDS: Final = {
    "product": {"product_id", *Product.__annotations__} - {"variants", "metafields"},
    "variant": set(Variant.__annotations__) - {"options", "metafields"},
}
"""What `product.` and `variant.` may name; maps have sources of their own."""
_SETTLED: Final = ("id", "item_group_id", "availability", "price", "sale_price")

Texts = tuple[Annotated[str, Field(min_length=1, max_length=500)], ...]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def checked_template(template: str) -> str:
    """Return the *template* of an item's id; raises `ValueError` when it names no field, or one there is not."""
    named = ITEM_ID_FIELD.findall(template)
    if not named or not set(named) <= set(ITEM_ID_FIELDS):
        raise ValueError(f"a template of {', '.join(ITEM_ID_FIELDS)}")
    if not set(named) & {"product_id", "variant_id", "sku"}:
        raise ValueError("every product would have the same id")
    return template


class CatalogFilterFile(BaseModel):
    """Which products: of `include` every line that is written must be met, of `exclude` one; by one of its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collections: Texts = ()
    tags: Texts = ()
    types: Texts = Field((), description="The shop's categories.")
    brands: Texts = ()
    price_from: Price | None = None
    price_to: Price | None = None

    @model_validator(mode="after")
    def _a_range(self) -> "CatalogFilterFile":
        if self.price_from is not None and self.price_to is not None and self.price_from > self.price_to:
            raise ValueError("price_from is above price_to")
        return self


class FieldSourceFile(BaseModel):
    """Where one of Meta's attributes comes from: the first of *sources* that is there, else *default*."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: Texts = ()
    default: str | None = None

    @field_validator("sources")
    @classmethod
    def _are_sources(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_SOURCE.match(source) for source in sources):
            raise ValueError("product.FIELD, variant.FIELD, metafield:NAME or option:NAME")
        for where, _, field in (each.partition(".") for each in sources if each.startswith(("product.", "variant."))):
            if field not in _FIELDS[where]:
                raise ValueError(f"no field {field} of a {where}: {', '.join(sorted(_FIELDS[where]))}")
        return sources


class CatalogFile(BaseModel):
    """One catalog. Its token is named, never written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    catalog_id: str = Field(pattern=r"^\d+$")
    token_env: EnvironmentName
    primary: bool = Field(False, description="The one that events' ids name; left out everywhere: the first.")
    method: Literal["api", "feed"] = "api"
    variants: Literal["each", "parent"] = "each"
    id_template: str | None = Field(None, description="Else {variant_id}; of parents {product_id}.")
    include: CatalogFilterFile | None = None
    exclude: CatalogFilterFile | None = None
    drafts: bool = False
    archived: bool = Field(False, description="Keep archived products, as discontinued.")
    sold_out: bool = Field(True, description="Keep what is sold out, as out of stock.")
    fields: dict[str, FieldSourceFile] = Field(default_factory=dict, max_length=100)
    locations: Texts = Field((), description="Whose stock counts; empty: all.")
    safety_stock: int = Field(0, ge=0, le=1_000_000)
    full_sync_days: int = Field(5, ge=0, le=365, description="0: only on demand.")
    feed_token_env: EnvironmentName | None = None
    feed_hours: int = Field(1, ge=1, le=24)

    @field_validator("id_template")
    @classmethod
    def _names_fields(cls, template: str | None) -> str | None:
        return None if template is None else checked_template(template)

    @field_validator("fields")
    @classmethod
    def _are_attributes(cls, fields: dict[str, FieldSourceFile]) -> dict[str, FieldSourceFile]:
        if not all(_ATTRIBUTE.match(name) for name in fields):
            raise ValueError("attributes as Meta spells them, such as google_product_category")
        if ours := [name for name in fields if name in _SETTLED]:
            raise ValueError(f"{ours[0]} is settled by the catalog's own settings")
        return fields

    @model_validator(mode="after")
    def _fits_together(self) -> "CatalogFile":
        if self.variants == "parent" and {"variant_id", "sku"} & set(ITEM_ID_FIELD.findall(self.template)):
            raise ValueError("id_template of parents may not name variants")
        if self.method == "feed" and self.feed_token_env is None:
            raise ValueError("a feed needs feed_token_env")
        return self

    @property
    def template(self) -> str:
        """The template of items' ids."""
        return self.id_template or ("{product_id}" if self.variants == "parent" else "{variant_id}")

    def to_record(self, *, primary: bool) -> dict[str, Any]:
        """Say it as the topic carries it."""
        return self.model_dump(mode="json") | {"id_template": self.template, "primary": primary}
