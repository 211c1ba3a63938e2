"""WooCommerce's webhooks: who may come in, and what each says.

It never repeats a delivery and counts failures, so whatever is authentic is taken; a product with variations is
fetched, for no body holds them. https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Final, Protocol

from connectors.storefronts.deliveries import Delivery
from connectors.storefronts.door import Headers
from connectors.storefronts.fetches import SharedFetches
from connectors.storefronts.signatures import is_signed
from connectors.woocommerce.bodies import Action, Thing
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.mapping import Told, to_deletion, to_product_change
from connectors.woocommerce.wholes import lately_saved, whole
from schemas.bodies import validated
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.records import ProductChange, Shop, WooCommerceAccess

PATH: Final = "/v1/webhooks/woocommerce"
PATIENCE_SECONDS: Final = 45.0
"""It waits 60 seconds for an answer, and disables a webhook after some that failed."""
DELETION_PATIENCE_SECONDS: Final = 5.0
"""A deletion is believed where its product cannot be asked for in this time."""
_CHANGED: Final = frozenset({"product.created", "product.updated", "product.published", "product.restored"})
_VARIATION_GONE: Final = frozenset(
    f"action.woocommerce_{done}_product_variation" for done in ("before_delete", "delete", "trash")
)

Connect = Callable[[WooCommerceAccess], WooClient]
"""Opens a client for a shop; raises `ConfigurationError` where its key is missing."""


class Fetch(Protocol):
    """Asks the shop's API, as of *told*."""

    async def __call__(self, client: WooClient, *, told: Told) -> list[ProductChange]:
        """Return products as they are now."""


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
        self._fetches: defaultdict[str, SharedFetches[list[ProductChange]]] = defaultdict(SharedFetches)

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
            return await self._deleted(_named(delivery.parsed()).id, told)
        if delivery.topic in _VARIATION_GONE:
            validated(Action, delivery.parsed())
            lately = f"saved by {delivery.received_at // 60_000}"
            return await self._fetched(lately, partial(lately_saved, since=delivery.received_at), told)
        if delivery.topic not in _CHANGED:
            return None
        (change,) = await self._change(_named(delivery.parsed()), told)
        if delivery.topic == "product.restored":  # newer than the deletion, whose version is our clock's
            change["occurred_at"] = max(change["occurred_at"], delivery.received_at)
        return [change]

    async def _deleted(self, number: str, told: Told) -> list[ProductChange]:
        """Tell a variation that went into the bin, which lies there with its product's id, from a product."""
        try:
            async with asyncio.timeout(DELETION_PATIENCE_SECONDS):
                gone = await self._connect(_access(told.shop)).product(number)
        except (ConfigurationError, TerminalError, TransientError, TimeoutError):
            gone = None
        if gone is None or gone.parent is None:
            return [to_deletion(number, told)]
        return await self._whole(gone.parent, told)

    async def _change(self, told_of: Thing, told: Told) -> list[ProductChange]:
        if told_of.parent is None and not told_of.variations:
            return [to_product_change(told_of, [], told)]
        return await self._whole(told_of.parent or told_of.id, told)

    async def _whole(self, product_id: str, told: Told) -> list[ProductChange]:
        async def fetch(client: WooClient, *, told: Told) -> list[ProductChange]:
            return [await whole(client, product_id, told)]

        return await self._fetched(product_id, fetch, told)

    async def _fetched(self, key: str, fetch: Fetch, told: Told) -> list[ProductChange]:
        """Fetch as of now. One edit of a product with a hundred variations is a hundred deliveries: they share it."""
        try:
            client = self._connect(_access(told.shop))
        except ConfigurationError as exc:
            raise TerminalError("not_fetched", "variations", str(exc)) from None

        async def fetched() -> list[ProductChange]:
            return await fetch(client, told=told._replace(received_at=time.time_ns() // 1_000_000))

        try:
            async with asyncio.timeout(self._patience):
                changes = await self._fetches[told.shop["shop_id"]].get(key, fetched)
        except TimeoutError:
            raise TerminalError("not_fetched", "product", "not in time") from None
        return [each.copy() for each in changes]


def _named(body: object) -> Thing:
    """Read what a body is about; its id goes into an address."""
    named = validated(Thing, body)
    for field, number in (("id", named.id), ("parent_id", named.parent)):
        if number is not None and not (number.isascii() and number.isdecimal()):
            raise TerminalError("bad_value", field)
    return named


def _access(shop: Shop) -> WooCommerceAccess:
    if shop["woocommerce"] is None:
        raise ConfigurationError("woocommerce is not configured")
    return shop["woocommerce"]


def _home(url: str) -> str:
    """Reduce an address to what two writings of it share: no scheme, no slash at the end, small letters."""
    return url.strip().lower().partition("://")[2].rstrip("/")
