"""A webhook of Shopify's that ingest refused → the request that delivers it again, signed as Shopify signs."""

import os
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from connectors.shopify.thin import NAMES
from connectors.shopify.webhooks import PATH
from deploy.servers.storefronts.deliveries import signed_headers
from schemas.errors import ConfigurationError, TerminalError
from schemas.records import Shop

_DETAIL: Final = re.compile(r"webhook ([^;]*)")
_SHOPIFYS: Final = re.compile(r"(products|collections|inventory_items|inventory_levels|orders|refunds)/\w+")


def topic_of(rejection: Mapping[str, Any]) -> str | None:
    """Return the topic of a refused webhook; None where something else was refused."""
    found = _DETAIL.match(rejection["detail"] or "")
    return found[1] if found else None


def to_request(rejection: Mapping[str, Any], topic: str, content: bytes, shop: Shop) -> tuple[str, dict[str, str]]:
    """Return path and headers with which *content* is delivered again.

    Its version stays that of the first delivery, except where products are fetched as they are now.

    Raises:
        TerminalError: it is of another shop system, or the shop has no domain.
        ConfigurationError: no secret of the shop is set here.
    """
    if not _SHOPIFYS.fullmatch(topic) or not shop["domains"]:
        raise TerminalError(
            "unknown_topic", "topic", "have the shop send it again, or pull: only Shopify's are replayed"
        )
    secrets = [secret for name in shop["webhook_secret_envs"] if (secret := os.environ.get(name))]
    if not secrets:
        names = " or ".join(shop["webhook_secret_envs"]) or "webhook_secret_envs"
        raise ConfigurationError(f"{names} is not set: it signs the webhook")
    return PATH, signed_headers(
        topic,
        content,
        domain=shop["domains"][0],
        secret=secrets[0].encode(),
        delivery_id=f"replay:{rejection['id']}",
        triggered_at=time.time() if topic in NAMES else rejection["received_seconds"],
    )
