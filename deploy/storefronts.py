"""The shop systems whose webhooks the door takes, each with its API behind it."""

from typing import Final

import httpx

from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.webhooks import BigCommerce
from connectors.shopify.admin import AdminClient
from connectors.shopify.thin import ThinTopics
from connectors.storefronts.calls import Caller
from connectors.storefronts.door import System
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.webhooks import WooCommerce

ATTEMPTS: Final = 3
PATIENCE_SECONDS: Final = 5.0
"""Longest single wait of a webhook for an API; a sender waits for its answer meanwhile."""


def systems(http: httpx.AsyncClient) -> list[System]:
    """List them; *http* is closed by the caller."""
    caller = _caller(http)
    return [
        WooCommerce(lambda access: WooClient(access, caller)),
        BigCommerce(lambda access: BigCommerceClient(access, caller)),
    ]


def thin_topics(http: httpx.AsyncClient) -> ThinTopics:
    """Wire those of Shopify's webhooks that the Admin API completes."""
    caller = _caller(http)
    return ThinTopics(lambda shop: AdminClient(shop, caller))


def _caller(http: httpx.AsyncClient) -> Caller:
    return Caller(http, attempts=ATTEMPTS, patience_seconds=PATIENCE_SECONDS)
