"""Webhooks that name no product: `inventory_items/*` and `collections/*`. Which it is, the Admin API is asked.

In: such a webhook of a shop with `shopify.token_env`. Out: the whole products, as upserts. Shopify waits 5 seconds and
deletes a subscription that fails often, so what cannot be fetched in time is refused as `not_fetched`, never asked for
again: https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from connectors.shopify.admin import AdminClient
from connectors.shopify.bulk import to_product_change
from connectors.shopify.deliveries import Delivery
from connectors.shopify.values import Identifier, RestBody, ShortText, id_of, validated
from connectors.shopify.wholes import TOGETHER, Whole, products_in, products_of_item, wholes
from connectors.storefronts.deliveries import RecentDeliveries
from connectors.storefronts.fetches import SharedFetches
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.records import ProductChange, Shop

PATIENCE_SECONDS: Final = 3.5
"""For all that is asked; the rest of Shopify's 5 seconds is for Kafka and the way."""
AT_ONCE: Final = 3
"""Fetches from one shop: what they may cost fits into the bucket of the smallest plan, 2,000 points."""
NAMES_AT_ONCE: Final = 8
"""More, for that costs little: so the webhooks of a product's items meet where they wait for the product."""
NAMES: Final[dict[str, Callable[[AdminClient, str], Awaitable[list[str]]]]] = {
    "inventory_items/create": products_of_item,
    "inventory_items/update": products_of_item,
    "collections/create": products_in,
    "collections/update": products_in,
}
"""What names the products, by topic."""
_COLLECTION_DELETED: Final = "collections/delete"

Connect = Callable[[Shop], AdminClient]
"""Opens a client for a shop; raises `ConfigurationError` where its token is missing."""
Take = Callable[[ProductChange], Awaitable[None]]
"""Publishes a product; raises as `Sink.take_product`."""
_Answer = TypeVar("_Answer")


class _Named(RestBody):
    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None


class ThinTopics:
    """Fetches what such webhooks are about."""

    def __init__(self, connect: Connect, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Take how a shop's API is reached, and how long a webhook may take for it."""
        self._connect = connect
        self._patience = patience_seconds
        self._recent = RecentDeliveries()
        # By shop: one whose API stalls must not hold up another.
        self._names: defaultdict[str, SharedFetches[list[str]]] = defaultdict(partial(SharedFetches, NAMES_AT_ONCE))
        self._wholes: defaultdict[str, SharedFetches[list[Whole]]] = defaultdict(partial(SharedFetches, AT_ONCE))

    def takes(self, delivery: Delivery) -> bool:
        """Tell whether the topic is one of these, and the shop's API may be asked."""
        return delivery.shop["shopify"] is not None and (
            delivery.topic in NAMES or delivery.topic == _COLLECTION_DELETED
        )

    async def publish(self, value: Any, delivery: Delivery, take: Take) -> str:
        """Fetch the products and *take* each as it is now; returns what became of the delivery.

        Raises:
            TerminalError: the body or a product cannot be used, or it cannot be had in time; the others are taken.
            TransientError: Kafka does not take them.
        """
        if delivery in self._recent:
            return "duplicate"
        number = _number(value)
        if delivery.topic == _COLLECTION_DELETED:
            raise TerminalError("not_fetched", "collection", "nobody knows what was in it: pull the whole shop")
        fetched, unfetched = await self._fetched(number, delivery)
        told, refused = _told(fetched, delivery)
        taken = await asyncio.gather(*map(take, told), return_exceptions=True)
        failures = [each for each in (*taken, *unfetched, *refused) if each is not None]
        if failures:  # one that may pass goes first: then all is delivered again
            raise min(failures, key=lambda each: isinstance(each, TerminalError))
        self._recent.add(delivery)
        return "accepted" if told else "ignored"

    async def _fetched(self, number: str, delivery: Delivery) -> tuple[list[Whole], list[BaseException]]:
        """Return the products, and why others are not among them."""
        shop, named = delivery.shop, NAMES[delivery.topic]
        until = asyncio.get_running_loop().time() + self._patience
        names, fetches = self._names[shop["shop_id"]], self._wholes[shop["shop_id"]]
        ids = await self._asked(names, (named, number), lambda client: named(client, number), shop, until)
        together = [tuple(ids[start : start + TOGETHER]) for start in range(0, len(ids), TOGETHER)]
        asking = [self._asked(fetches, some, partial(wholes, product_ids=some), shop, until) for some in together]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        return (
            [whole for answer in answers if not isinstance(answer, BaseException) for whole in answer],
            [answer for answer in answers if isinstance(answer, BaseException)],
        )

    async def _asked(
        self,
        fetches: SharedFetches[_Answer],
        key: Hashable,
        question: Callable[[AdminClient], Awaitable[_Answer]],
        shop: Shop,
        until: float,
    ) -> _Answer:
        """Return the answer, or raise `TerminalError`: there is none *until* then, by the loop's clock."""

        async def fetch() -> _Answer:
            async with asyncio.timeout_at(until):  # also where no webhook waits for it any more
                return await question(self._connect(shop))

        try:
            async with asyncio.timeout_at(until):
                return await fetches.get(key, fetch)
        except TimeoutError:
            raise TerminalError("not_fetched", "product", "it takes too long: pull the whole shop") from None
        except (TransientError, ConfigurationError) as exc:
            raise TerminalError("not_fetched", "product", str(exc)) from None


def _number(value: Any) -> str:
    named = validated(_Named, value)
    number = id_of(named.admin_graphql_api_id, named.id)
    if number is None or not number.isdecimal():
        raise TerminalError("missing_field", "id")
    return number


def _told(fetched: Sequence[Whole], delivery: Delivery) -> tuple[list[ProductChange], list[TerminalError]]:
    changes: list[ProductChange] = []
    refusals: list[TerminalError] = []
    for objects in fetched:
        try:
            change = to_product_change(objects, delivery.shop, delivery.received_at)
        except TerminalError as exc:
            refusals.append(TerminalError(exc.reason, exc.field, str(objects[0].get("id"))[:64]))
        else:
            version = max(change["occurred_at"], delivery.triggered_at or 0)
            changes.append(change | {"delivery_id": delivery.delivery_id, "occurred_at": version})
    return changes, refusals
