"""The shop systems whose webhooks the door takes, each with its API behind it."""

from typing import Final

import httpx

from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.webhooks import BigCommerce
from connectors.storefronts.calls import Caller
from connectors.storefronts.door import System
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.webhooks import WooCommerce

ATTEMPTS: Final = 3
PATIENCE_SECONDS: Final = 5.0
"""Longest single wait of a webhook for an API; a sender waits for its answer meanwhile."""


def systems(http: httpx.AsyncClient) -> list[System]:
    """List them; *http* is closed by the caller."""
    caller = Caller(http, attempts=ATTEMPTS, patience_seconds=PATIENCE_SECONDS)
    return [
        WooCommerce(lambda access: WooClient(access, caller)),
        BigCommerce(lambda access: BigCommerceClient(access, caller)),
    ]
