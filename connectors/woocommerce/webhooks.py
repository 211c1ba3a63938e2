"""WooCommerce's webhooks: who may come in, and what each says.

It never repeats a delivery and counts failures, so whatever is authentic is taken; a product with variations is
fetched, for no body holds them. https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from connectors.storefronts.deliveries import Delivery
from connectors.storefronts.door import Headers
from connectors.storefronts.fetches import SharedFetches
from connectors.storefronts.signatures import is_signed
from connectors.woocommerce.bodies import Thing
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.mapping import Told, to_deletion, to_product_change
from schemas.bodies import validated
from schemas.errors import ConfigurationError, TerminalError
from schemas.records import ProductChange, Shop, WooCommerceAccess

PATH: Final = "/v1/webhooks/woocommerce"
PATIENCE_SECONDS: Final = 45.0
"""It waits 60 seconds for an answer, and disables a webhook after some that failed."""
_CHANGED: Final = frozenset({"product.created", "product.updated", "product.published", "product.restored"})

Connect = Callable[[WooCommerceAccess], WooClient]
"""Opens a client for a shop; raises `ConfigurationError` where its key is missing."""


class WooCommerce:
    """What `StorefrontDoor` needs to know of WooCommerce."""

    path = PATH
    signature_header = "x-wc-webhook-signature"
    comes_again = False

    def __init__(self, connect: Connect, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Take how a shop's API is reached, and how long a delivery may wait for it."""
        self._connect = connect
        self._patience = patience_seconds
        # By shop: one whose API hangs holds up no other.
        self._fetches: defaultdict[str, SharedFetches[ProductChange]] = defaultdict(SharedFetches)

    def is_ping(self, headers: Headers, body: bytes) -> bool:
        """Recognise the form that making a webhook sends, unsigned: only 200 lets it be made."""
        _, _, number = body.partition(b"webhook_id=")
        return body.startswith(b"webhook_id=") and number.isdigit() and "x-wc-webhook-topic" not in headers

    def claims(self, shop: Shop, headers: Headers, body: bytes) -> bool:
        """Compare the shop's address with X-WC-Webhook-Source."""
        access = shop["woocommerce"]
        return access is not None and _home(access["url"]) == _home(headers.get("x-wc-webhook-source", ""))

    def secret_names(self, shop: Shop) -> Sequence[str]:
        """Name the variables with the webhooks' secrets."""
        return shop["woocommerce"]["webhook_secret_envs"] if shop["woocommerce"] else []

    def is_authentic(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Check the signature over the raw body."""
        return is_signed(body, headers.get(self.signature_header, ""), secrets)

    def delivery(self, shop: Shop, headers: Headers, body: bytes, received_at: int) -> Delivery:
        """Say what came. X-WC-Webhook-Delivery-ID is the same for all of one second, so the body is the identity."""
        topic = headers.get("x-wc-webhook-topic", "").lower()
        identity = sha256(topic.encode() + b"\0" + body)
        if topic == "product.deleted" or topic == "product.restored":  # these may come true again with the same body
            identity.update(str(received_at // 1000).encode())
        return Delivery(shop, topic, identity.hexdigest(), received_at, body)

    async def changes(self, delivery: Delivery) -> list[ProductChange] | None:
        """Describe the product; raises as `System.changes`."""
        told = Told(delivery.shop, delivery.delivery_id, delivery.received_at)
        if delivery.topic == "product.deleted":
            return [to_deletion(_named(delivery.parsed()).id, told)]
        if delivery.topic not in _CHANGED:
            return None
        change = await self._change(_named(delivery.parsed()), told)
        if delivery.topic == "product.restored":  # newer than the deletion, whose version is our clock's
            change["occurred_at"] = max(change["occurred_at"], delivery.received_at)
        return [change]

    async def _change(self, told_of: Thing, told: Told) -> ProductChange:
        if told_of.parent is None and not told_of.variations:
            return to_product_change(told_of, [], told)
        product_id = told_of.parent or told_of.id
        try:
            client = self._connect(_access(told.shop))
        except ConfigurationError as exc:
            raise TerminalError("not_fetched", "variations", str(exc)) from None

        async def fetch() -> ProductChange:
            return await _fetched(client, product_id, told._replace(received_at=time.time_ns() // 1_000_000))

        # One edit of a product with a hundred variations is a hundred deliveries.
        try:
            async with asyncio.timeout(self._patience):
                return (await self._fetches[told.shop["shop_id"]].get(product_id, fetch)).copy()
        except TimeoutError:
            raise TerminalError("not_fetched", "product", "not in time") from None


async def _fetched(client: WooClient, product_id: str, told: Told) -> ProductChange:
    product = await client.product(product_id)
    if product is None:
        return to_deletion(product_id, told)
    return to_product_change(product, await client.variations(product_id) if product.variations else [], told)


def _named(body: object) -> Thing:
    return validated(Thing, body)


def _access(shop: Shop) -> WooCommerceAccess:
    if shop["woocommerce"] is None:
        raise ConfigurationError("woocommerce is not configured")
    return shop["woocommerce"]


def _home(url: str) -> str:
    """Reduce an address to what two writings of it share: no scheme, no slash at the end, small letters."""
    return url.strip().lower().partition("://")[2].rstrip("/")
