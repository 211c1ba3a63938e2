"""A shop's settings as a person writes them (YAML), checked, and as they travel on `shops.configured`."""

import re
from typing import Any, Final, Literal, Self, cast
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.catalog import ITEM_ID_FIELD, CatalogFile, checked_template
from schemas.records import EpochMillis, Shop
from schemas.shop_systems import ENVIRONMENT_NAME, BigCommerce, Shopify, WooCommerce
from schemas.wording import refusal

_REGION: Final = re.compile(r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
META_NAMES: Final = {
    "page_viewed": "PageView",
    "product_viewed": "ViewContent",
    "product_added_to_cart": "AddToCart",
    "checkout_started": "InitiateCheckout",
    "payment_info_submitted": "AddPaymentInfo",
    "search_submitted": "Search",
    # Made once per order by stitch. `checkout_completed` is a hint that may be missing, late or doubled: never sent.
    "purchase": "Purchase",
}
"""What a shop's standard events are called at Meta."""
_META_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_ ]{0,49}$")


class Destination(BaseModel):
    """One Meta pixel (dataset) that a shop's conversions go to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    pixel_id: str = Field(pattern=r"^\d+$")
    token_env: str = Field(pattern=ENVIRONMENT_NAME, description="Environment variable that holds the access token.")
    test_event_code: str | None = Field(None, min_length=1)
    events: tuple[str, ...] = Field((), description="Meta event names to send; empty: all.")
    content_id_template: str | None = Field(None, description="Else the primary catalog's, else {variant_id}.")
    content_type: Literal["product", "product_group"] | None = Field(
        None, description="Of what the ids are; left out: of groups when the template names products, not variants."
    )
    unknown_products: Literal["send", "skip"] = "send"
    custom_events: dict[str, str] = Field(
        default_factory=dict, description="A shop's event to Meta's name of it, standard or custom."
    )
    limited_use_regions: tuple[str, ...] = Field(
        (), description="As US-CA: whose visitors are sent with limited data use unless they allowed the sale."
    )

    @field_validator("content_id_template")
    @classmethod
    def _names_fields(cls, template: str | None) -> str | None:
        return None if template is None else checked_template(template)

    @field_validator("limited_use_regions")
    @classmethod
    def _are_regions(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_REGION.match(region) for region in regions):
            raise ValueError("a country or a state as ISO 3166-2 has it")
        return regions

    @field_validator("custom_events")
    @classmethod
    def _are_names(cls, names: dict[str, str]) -> dict[str, str]:
        if not all(_META_NAME.match(name) for name in names.values()):
            raise ValueError("up to 50 letters, digits, blanks and underscores")
        if "Purchase" in names.values():
            raise ValueError("Purchase is made of orders alone")
        if ours := [f"{name} is {META_NAMES[name]} at Meta" for name in names if name in META_NAMES]:
            raise ValueError(", ".join(ours))
        return names

    @model_validator(mode="after")
    def _selects_what_there_is(self) -> Self:
        if not set(self.events) <= {*META_NAMES.values(), *self.custom_events.values()}:
            raise ValueError(f"events of {', '.join(META_NAMES.values())}, or what custom_events makes")
        return self

    def to_record(self, primary: CatalogFile | None) -> dict[str, Any]:
        """Say it as the topic carries it; ids are those of the shop's *primary* catalog if nothing else is said."""
        template = self.content_id_template or (primary.template if primary else "{variant_id}")
        named = set(ITEM_ID_FIELD.findall(template))
        of_groups = "product_id" in named and not named & {"variant_id", "sku"}
        if primary is not None and primary.variants == "parent" and primary.template == template:
            of_groups = False  # there the parents are the items
        content_type = self.content_type or ("product_group" if of_groups else "product")
        settled = {"content_id_template": template, "content_type": content_type}
        return self.model_dump(mode="json") | settled


class ShopFile(BaseModel):
    """One shop. Secrets are named, never written: they stand in the environment of the processes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shop_id: str = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    domains: tuple[str, ...] = Field(min_length=1, description="The myshopify.com domain first.")
    write_keys: tuple[str, ...] = Field(min_length=1)
    webhook_secret_envs: tuple[str, ...] = Field((), description="Two during a rotation; both are tried.")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    country: str | None = Field(None, pattern=r"^[A-Z]{2}$")
    time_zone: str = "UTC"
    session_gap_seconds: int = Field(1800, ge=60, le=86_400)
    day_boundary: bool = False
    purchase_hold_seconds: int = Field(120, ge=0, le=86_400)
    require_consent: bool = False
    destinations: tuple[Destination, ...] = ()
    shopify: Shopify | None = None
    woocommerce: WooCommerce | None = None
    bigcommerce: BigCommerce | None = None
    campaign_boundary: bool = Field(True, description="Whether a visit that another campaign brought is a new one.")
    checkout_browsers: int = Field(10, ge=1, le=40, description="Most browsers one checkout links to its customer.")
    customer_browsers: int = Field(100, ge=2, le=1000, description="Most browsers a customer id is believed on.")
    visitor_days: int = Field(
        400, ge=7, description="Days without a sign after which a browser or an order is forgotten."
    )
    checkout_days: int = Field(90, ge=7, description="Days without a sign after which a checkout is forgotten.")
    catalogs: tuple[CatalogFile, ...] = Field((), max_length=50)

    @field_validator("destinations")
    @classmethod
    def _are_told_apart(cls, destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
        if len({each.name for each in destinations}) < len(destinations):  # a receipt is an event's at a name
            raise ValueError("two destinations have one name")
        return destinations

    @field_validator("catalogs")
    @classmethod
    def _differ(cls, catalogs: tuple[CatalogFile, ...]) -> tuple[CatalogFile, ...]:
        if len({each.name for each in catalogs}) < len(catalogs):
            raise ValueError("two catalogs have one name")
        if len({each.catalog_id for each in catalogs}) < len(catalogs):
            raise ValueError("two catalogs have one catalog_id")
        if sum(each.primary for each in catalogs) > 1:
            raise ValueError("one catalog is the primary one")
        return catalogs

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no IANA time zone")
        return name

    @field_validator("webhook_secret_envs")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.replace("_", "").isalnum() and name.isupper() for name in names):
            raise ValueError("write the environment variable's NAME, not the secret")
        return names

    def to_record(self, updated_at: EpochMillis) -> Shop:
        """Say it as the topic carries it."""
        primary = next((each for each in self.catalogs if each.primary), next(iter(self.catalogs), None))
        settled = {
            "destinations": [destination.to_record(primary) for destination in self.destinations],
            "catalogs": [each.to_record(primary=each is primary) for each in self.catalogs],
            "updated_at": updated_at,
            "deleted": False,
        }
        return cast(Shop, self.model_dump(mode="json") | settled)


def parse_shop(settings: object) -> ShopFile:
    """Check one shop's *settings* as YAML gave them.

    Raises:
        TerminalError: `bad_value` with every wrong field's path and what is wrong with it; no values.
    """
    try:
        return ShopFile.model_validate(settings)
    except ValidationError as exc:
        raise refusal(exc, "shop") from None
