"""Which shop systems a shop can be pulled from, and how each is opened."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Final, NamedTuple

import httpx

from connectors.bigcommerce import pulling as bigcommerce
from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.mapping import Asked
from connectors.shopify import pulling as shopify
from connectors.shopify.admin import AdminClient
from connectors.shopify.existing import existing_products
from connectors.storefronts.calls import Caller
from connectors.storefronts.pulls import Batch
from connectors.woocommerce import pulling as woocommerce
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.mapping import Told
from deploy.absences import Existing
from deploy.pulling import Open, Start
from schemas.errors import ConfigurationError
from schemas.records import Shop

SYSTEMS: Final = ("shopify", "woocommerce", "bigcommerce")


class Source(NamedTuple):
    """A shop system: its *name*, where batches come from, and which of some products it has now."""

    name: str
    batches: Open
    existing: Existing


def source_of(shop: Shop, system: str | None, http: httpx.AsyncClient) -> Source:
    """Open *system*, or the only one that *shop* has.

    Raises:
        ConfigurationError: the shop has no such system, or several and none is named, or a secret is missing.
    """
    configured = [name for name in SYSTEMS if shop[name]]
    named = [name for name in configured if system in (None, name)]
    if len(named) != 1:
        raise ConfigurationError(f"name one --system of {shop['shop_id']}: {', '.join(configured) or 'it has none'}")
    openers = {"shopify": _shopify, "woocommerce": _woocommerce, "bigcommerce": _bigcommerce}
    return openers[named[0]](shop, Caller(http))


def _shopify(shop: Shop, caller: Caller) -> Source:
    client = AdminClient(shop, caller)

    def batches(start: Start) -> AsyncIterator[Batch]:
        return shopify.pull(client, shop, start.began_at, start.position, start.since)

    return Source("shopify", batches, partial(existing_products, client))


def _woocommerce(shop: Shop, caller: Caller) -> Source:
    access = shop["woocommerce"]
    if access is None:
        raise ConfigurationError("woocommerce is not configured")
    client = WooClient(access, caller)

    def batches(start: Start) -> AsyncIterator[Batch]:
        told = Told(shop, f"pull:{start.began_at}", start.began_at)
        return woocommerce.pull(client, told, start.position, start.since)

    return Source("woocommerce", batches, client.existing)


def _bigcommerce(shop: Shop, caller: Caller) -> Source:
    access = shop["bigcommerce"]
    if access is None:
        raise ConfigurationError("bigcommerce is not configured")
    client = BigCommerceClient(access, caller)

    def batches(start: Start) -> AsyncIterator[Batch]:
        asked = Asked(shop, access, f"pull:{start.began_at}", start.began_at)
        return bigcommerce.pull(client, asked, start.position, start.since)

    return Source("bigcommerce", batches, client.existing)
