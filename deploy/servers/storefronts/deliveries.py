"""Shopify's webhooks as Shopify sends them: signed, and named by topic, shop and delivery.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import orjson


def signed_headers(
    topic: str, body: bytes, *, domain: str, secret: bytes, delivery_id: str, triggered_at: float
) -> dict[str, str]:
    """Make the headers of a delivery; *triggered_at* is in seconds since 1970."""
    signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": domain,
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Webhook-Id": delivery_id,
        "X-Shopify-Triggered-At": f"{datetime.fromtimestamp(triggered_at, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        "X-Shopify-API-Version": "2026-07",
    }


class Subscription(NamedTuple):
    """Where a shop's webhooks go: *url* is our ingest's, *secret* what the shop shares with it."""

    url: str
    domain: str
    secret: bytes

    async def tell(self, topic: str, content: Mapping[str, Any]) -> int:
        """Deliver once; returns the HTTP status, 0 where nobody answers."""
        body = orjson.dumps(content)
        headers = signed_headers(
            topic, body, domain=self.domain, secret=self.secret, delivery_id=str(uuid4()), triggered_at=time.time()
        )
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                answer = await client.post(f"{self.url}/v1/webhooks/shopify", content=body, headers=headers)
        except httpx.TransportError:
            return 0
        return answer.status_code
