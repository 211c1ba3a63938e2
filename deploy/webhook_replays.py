"""A shop system's webhook that ingest refused → the request that delivers it again, signed as that system signs."""

import base64
import hashlib
import hmac
import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.bigcommerce.webhooks import PATH as BIGCOMMERCE
from connectors.shopify.thin import NAMES
from connectors.shopify.webhooks import PATH as SHOPIFY
from connectors.storefronts.door import FIRST_RECEIVED
from connectors.woocommerce.webhooks import PATH as WOOCOMMERCE
from deploy.servers.storefronts.deliveries import signed_headers
from schemas.errors import ConfigurationError, TerminalError
from schemas.records import BigCommerceAccess, Shop, WooCommerceAccess

_DETAIL: Final = re.compile(r"webhook ([^;]*)")
_SHOPIFYS: Final = re.compile(r"(products|collections|inventory_items|inventory_levels|orders|refunds)/\w+")
_WOOCOMMERCES: Final = re.compile(r"(product|action)\.\w+")
_BIGCOMMERCES: Final = re.compile(r"store/(product|sku)(/\w+)+")


def topic_of(rejection: Mapping[str, Any]) -> str | None:
    """Return the topic of a refused webhook; None where something else was refused."""
    found = _DETAIL.match(rejection["detail"] or "")
    return found[1] if found else None


def to_request(rejection: Mapping[str, Any], topic: str, content: bytes, shop: Shop) -> tuple[str, dict[str, str]]:
    """Return path and headers with which *content* is delivered again.

    Its version stays that of the first delivery, except where products are fetched as they are now.

    Raises:
        TerminalError: it is of no shop system that we know, or the shop is not configured for it.
        ConfigurationError: no secret of the shop is set here.
    """
    if _SHOPIFYS.fullmatch(topic) and shop["domains"]:
        return SHOPIFY, _shopifys(rejection, topic, content, shop)
    if _WOOCOMMERCES.fullmatch(topic) and shop["woocommerce"]:
        return WOOCOMMERCE, _woocommerces(rejection, topic, content, shop["woocommerce"])
    if _BIGCOMMERCES.fullmatch(topic) and shop["bigcommerce"]:
        return BIGCOMMERCE, _bigcommerces(rejection, content, shop["bigcommerce"])
    raise TerminalError("unknown_topic", "topic", f"the shop {shop['shop_id']} is not configured for {topic}")


def _shopifys(rejection: Mapping[str, Any], topic: str, content: bytes, shop: Shop) -> dict[str, str]:
    return signed_headers(
        topic,
        content,
        domain=shop["domains"][0],
        secret=_secret(shop["webhook_secret_envs"], "webhook_secret_envs"),
        delivery_id=f"replay:{rejection['id']}",
        triggered_at=time.time() if topic in NAMES else rejection["received_seconds"],
    )


def _woocommerces(
    rejection: Mapping[str, Any], topic: str, content: bytes, access: WooCommerceAccess
) -> dict[str, str]:
    secret = _secret(access["webhook_secret_envs"], "woocommerce.webhook_secret_envs")
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Source": access["url"],
        "X-WC-Webhook-Signature": _signature(secret, content),
        FIRST_RECEIVED: _millis(rejection),
    }


def _bigcommerces(rejection: Mapping[str, Any], content: bytes, access: BigCommerceAccess) -> dict[str, str]:
    identity, stamp = f"replay:{rejection['id']}", str(int(time.time()))
    secret = _secret(access["client_secret_envs"], "bigcommerce.client_secret_envs")
    return {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + _signature(secret, f"{identity}.{stamp}.".encode() + content),
        FIRST_RECEIVED: _millis(rejection),
    }


def _secret(names: Sequence[str], setting: str) -> bytes:
    secrets = [secret for name in names if (secret := os.environ.get(name))]
    if not secrets:
        raise ConfigurationError(f"{' or '.join(names) or setting} is not set: it signs the webhook")
    return secrets[0].encode()


def _signature(secret: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()


def _millis(rejection: Mapping[str, Any]) -> str:
    return str(round(rejection["received_seconds"] * 1000))
