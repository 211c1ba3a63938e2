"""The webhook doors of the other shop systems, with stand-ins of their APIs behind them and no network."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.ingest.app import create_app
from connectors.ingest.bodies import read_body
from connectors.storefronts.calls import Caller, http_client
from connectors.storefronts.door import StorefrontDoor, System
from schemas.records import BigCommerceAccess, ShopifyAccess, WooCommerceAccess
from schemas.settings import IngestSettings
from tests.doors import FakeShops, FakeSink

SECRETS = {"WOO_WEBHOOK_SECRET": b"wc_secret", "BIGCOMMERCE_SECRET": b"bc_client_secret_example"}


def a_woo_access(**changes: Any) -> WooCommerceAccess:
    access = WooCommerceAccess(
        url="https://woo.example/shop",
        webhook_secret_envs=["WOO_WEBHOOK_SECRET"],
        key_env="WOO_KEY",
        secret_env="WOO_SECRET",
    )
    return access | changes  # type: ignore[return-value]


def a_bigcommerce_access(**changes: Any) -> BigCommerceAccess:
    access = BigCommerceAccess(
        store_hash="abcde",
        client_secret_envs=["BIGCOMMERCE_SECRET"],
        token_env="BIGCOMMERCE_TOKEN",
        api_url="https://api.bigcommerce.example",
        storefront_url="https://bc.example",
    )
    return access | changes  # type: ignore[return-value]


def a_shopify_access(**changes: Any) -> ShopifyAccess:
    access = ShopifyAccess(token_env="SHOPIFY_TOKEN", api_version="2026-01", api_url=None)
    return access | changes  # type: ignore[return-value]


class Naps:
    """Sleeps no time, and remembers how long it was told to."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def a_caller(api: Starlette, naps: Naps | None = None) -> Caller:
    """Calls *api* without a network and without waiting."""
    return Caller(http_client(httpx.ASGITransport(api)), attempts=3, sleep=naps or Naps())


def a_storefront_door(sink: FakeSink, system: System, shops: FakeShops) -> Starlette:
    """The door of *system* alone."""

    def secrets(names: Sequence[str]) -> list[bytes]:
        return [SECRETS[name] for name in names if name in SECRETS]

    async def read(request: Any) -> bytes:
        return await read_body(request, max_bytes=8 * 1024 * 1024)

    door = StorefrontDoor(system, shops, sink, secrets, read)
    return create_app(shops, sink, IngestSettings(), door.routes())


async def posted(door: Starlette, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(door, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        return await client.post(path, content=body, headers=dict(headers))
