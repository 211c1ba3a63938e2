"""BigCommerce's callbacks: who may come in, and which product to fetch.

They are signed as https://www.standardwebhooks.com says, with the app's client secret:
https://developer.bigcommerce.com/docs/integrations/webhooks/https
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import orjson
import structlog

from connectors.bigcommerce.bodies import Callback
from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.levels import levels_of
from connectors.bigcommerce.mapping import Asked, to_deletion, to_product_change
from connectors.storefronts.deliveries import Delivery
from connectors.storefronts.door import Headers
from connectors.storefronts.fetches import SharedFetches
from connectors.storefronts.pulls import wants_levels
from connectors.storefronts.signatures import is_signed
from schemas.bodies import validated
from schemas.errors import ConfigurationError, TerminalError
from schemas.records import BigCommerceAccess, ProductChange, Shop

PATH: Final = "/v1/webhooks/bigcommerce"
TOLERANCE_SECONDS: Final = 300
_FETCHED: Final = frozenset(
    f"store/{kind}/{change}"
    for kind in ("product", "sku")
    for change in ("created", "updated", "inventory/updated", "inventory/order/updated")
) | {"store/sku/deleted"}
_DELETED: Final = "store/product/deleted"

log = structlog.get_logger()

Connect = Callable[[BigCommerceAccess], BigCommerceClient]
"""Opens a client for a store; raises `ConfigurationError` where its token is missing."""


class BigCommerce:
    """What `StorefrontDoor` needs to know of BigCommerce."""

    path = PATH
    signature_header = "webhook-signature"
    comes_again = True

    def __init__(self, connect: Connect, clock: Callable[[], float] = time.time) -> None:
        """Take how a store's API is reached; *clock* is in Unix seconds."""
        self._connect = connect
        self._clock = clock
        self._clients: dict[tuple[str, str, str], BigCommerceClient] = {}
        # By shop: one whose API hangs holds up no other.
        self._fetches: defaultdict[str, SharedFetches[list[ProductChange]]] = defaultdict(SharedFetches)

    def is_ping(self, headers: Headers, body: bytes) -> bool:
        """Tell that there is none."""
        return False

    def claims(self, shop: Shop, headers: Headers, body: bytes) -> bool:
        """Look for the store's hash, as `producer` names it."""
        access = shop["bigcommerce"]
        if access is None:
            return False
        store = access["store_hash"].encode()
        return b'"stores/' + store + b'"' in body or b'"stores\\/' + store + b'"' in body

    def secret_names(self, shop: Shop) -> Sequence[str]:
        """Name the variables with the client secret."""
        return shop["bigcommerce"]["client_secret_envs"] if shop["bigcommerce"] else []

    def is_authentic(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Check the signature over id, time and body, and that the time is now."""
        identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not stamp.isdecimal() or len(stamp) > 12 or abs(self._clock() - int(stamp)) > TOLERANCE_SECONDS:
            return False
        signed = f"{identity}.{stamp}.".encode() + body
        given = [each.partition(",") for each in headers.get(self.signature_header, "").split(" ")[:8]]
        return any(version == "v1" and is_signed(signed, text, secrets) for version, _, text in given)

    def delivery(self, shop: Shop, headers: Headers, body: bytes, received_at: int) -> Delivery:
        """Say what came. Creation and deletion may have one `hash`: scope and time belong to the identity."""
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            content = None
        told = content if isinstance(content, dict) else {}
        scope = str(told.get("scope", ""))[:255]
        identity = (
            f"{scope}|{told.get('hash')}|{told.get('created_at')}" if told.get("hash") else body.decode("latin-1")
        )
        return Delivery(shop, scope, sha256(identity.encode()).hexdigest(), received_at, body)

    async def changes(self, delivery: Delivery) -> list[ProductChange] | None:
        """Fetch the product; raises as `System.changes`."""
        if delivery.topic not in _FETCHED and delivery.topic != _DELETED:
            delivery.parsed()
            return None
        product_id = _product_of(validated(Callback, delivery.parsed()))
        shop, access = delivery.shop, _access(delivery.shop)
        if delivery.topic == _DELETED:
            return [to_deletion(product_id, Asked(shop, access, delivery.delivery_id, delivery.received_at))]

        async def fetch() -> list[ProductChange]:
            asked = Asked(shop, access, delivery.delivery_id, int(self._clock() * 1000))
            return await fetch_changes(self._client(access), product_id, asked)

        return await self._fetches[shop["shop_id"]].get(product_id, fetch)

    def _client(self, access: BigCommerceAccess) -> BigCommerceClient:
        place = (access["api_url"], access["store_hash"], access["token_env"])
        try:
            return self._clients.get(place) or self._clients.setdefault(place, self._connect(access))
        except ConfigurationError as exc:
            raise TerminalError("not_fetched", "product", str(exc)) from None


async def fetch_changes(client: BigCommerceClient, product_id: str, asked: Asked) -> list[ProductChange]:
    """Fetch a product and describe it as it is now, or that it is gone; where the shop wants it, its stock by location.

    Raises as `BigCommerceClient.product`.
    """
    body = await client.product(product_id)
    if body is None:
        return [to_deletion(product_id, asked)]
    change = to_product_change(body, await client.names([body]), asked)
    try:
        levels = await levels_of(client, [body], asked) if wants_levels(asked.shop) else []
    except TerminalError as exc:  # the token may not read stock: the product is told nevertheless
        log.warning("stock by location not fetched", shop=asked.shop["shop_id"], reason=exc.reason, field=exc.field)
        levels = []
    return [change, *levels]


def _product_of(callback: Callback) -> str:
    of = callback.data.sku or callback.data.inventory
    product_id = of.product_id if of is not None and of.product_id else None
    product_id = product_id or (callback.data.id if "/product/" in callback.scope else None)
    if not product_id or not product_id.isdecimal():
        raise TerminalError("missing_field", "data.id" if "/product/" in callback.scope else "data.sku.product_id")
    return product_id


def _access(shop: Shop) -> BigCommerceAccess:
    if shop["bigcommerce"] is None:
        raise TerminalError("not_fetched", "product", "bigcommerce is not configured")
    return shop["bigcommerce"]
