"""How a shop system is reached, as a person writes it in the shop's settings; secrets are named, never written."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ENVIRONMENT_NAME = r"^[A-Z][A-Z0-9_]*$"
HTTP_URL = r"^https?://[^/\s?#]+[^\s?#]*$"

EnvironmentName = Annotated[str, Field(pattern=ENVIRONMENT_NAME)]
Url = Annotated[str, Field(pattern=HTTP_URL, max_length=2_048)]


class Shopify(BaseModel):
    """The Admin API, for pulls, and for webhooks that name no product; the others need none of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token_env: EnvironmentName
    api_version: str = Field("2026-01", pattern=r"^(\d{4}-\d{2}|unstable)$")
    api_url: Url | None = Field(None, description="Else https:// and the first domain.")


class WooCommerce(BaseModel):
    """A WooCommerce shop. Without a REST key, webhooks of products with variations cannot be completed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Url = Field(description="The shop's home, as X-WC-Webhook-Source names it.")
    webhook_secret_envs: tuple[EnvironmentName, ...] = Field((), description="Two during a rotation.")
    key_env: EnvironmentName | None = None
    secret_env: EnvironmentName | None = None


class BigCommerce(BaseModel):
    """A BigCommerce shop. Its callbacks say only that something changed, so the API is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store_hash: str = Field(pattern=r"^[a-z0-9]+$", max_length=64)
    client_secret_envs: tuple[EnvironmentName, ...] = Field((), description="The app's client secret signs callbacks.")
    token_env: EnvironmentName
    api_url: Url = "https://api.bigcommerce.com"
    storefront_url: Url | None = Field(None, description="Else https:// and the first domain.")
