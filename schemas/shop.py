"""A shop's settings as a person writes them (YAML), checked, and as they travel on `shops.configured`."""

from typing import Literal, cast
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.errors import TerminalError
from schemas.records import EpochMillis, Shop
from schemas.shop_systems import ENVIRONMENT_NAME, BigCommerce, Shopify, WooCommerce


class Destination(BaseModel):
    """One Meta pixel (dataset) that a shop's conversions go to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    pixel_id: str = Field(pattern=r"^\d+$")
    token_env: str = Field(pattern=ENVIRONMENT_NAME, description="Environment variable that holds the access token.")
    test_event_code: str | None = None
    events: tuple[str, ...] = Field((), description="Meta event names to send; empty: all.")
    content_id_template: str = "{variant_id}"
    content_type: Literal["product", "product_group"] = "product"
    unknown_products: Literal["send", "hold"] = "send"


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
        return cast(Shop, self.model_dump(mode="json") | {"updated_at": updated_at, "deleted": False})


def parse_shop(settings: object) -> ShopFile:
    """Check one shop's *settings* as YAML gave them.

    Raises:
        TerminalError: `bad_value` with every wrong field's path and what is wrong with it; no values.
    """
    try:
        return ShopFile.model_validate(settings)
    except ValidationError as exc:
        wrong = {".".join(map(str, each["loc"])) or "shop": each["type"] for each in exc.errors(include_input=False)}
        detail = ", ".join(f"{field} ({problem})" for field, problem in wrong.items())
        raise TerminalError("bad_value", ", ".join(wrong), detail) from None
