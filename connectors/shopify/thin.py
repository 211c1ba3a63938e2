"""Webhooks that name no product: `inventory_items/*` and `collections/*`. Which it is, the Admin API is asked.

In: such a webhook of a shop with `shopify.token_env`. Out: the whole products, as upserts. Shopify waits 5 seconds and
deletes a subscription that fails often, so what cannot be fetched in time is refused as `not_fetched`, never asked for
again: https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from connectors.shopify.admin import AdminClient
from connectors.shopify.bulk import to_product_change
from connectors.shopify.completing import Completion
from connectors.shopify.deliveries import Delivery, version_of
from connectors.shopify.questions import PATIENCE_SECONDS, Connect, Questions
from connectors.shopify.values import Identifier, RestBody, ShortText, id_of, validated
from connectors.shopify.wholes import TOGETHER, Whole, products_in, products_of_item, wholes
from connectors.storefronts.deliveries import RecentDeliveries
from schemas.errors import TerminalError
from schemas.records import ProductChange

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

Take = Callable[[ProductChange], Awaitable[None]]
"""Publishes a product; raises as `Sink.take_product`."""


class _Named(RestBody):
    id: Identifier | None = None
    admin_graphql_api_id: ShortText | None = None


class ThinTopics:
    """Fetches what such webhooks are about, and what those of products leave out."""

    def __init__(self, connect: Connect, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Take how a shop's API is reached, and how long a webhook may take for it."""
        self._patience = patience_seconds
        self._recent = RecentDeliveries()
        self._names: Questions[list[str]] = Questions(connect, NAMES_AT_ONCE)
        self._wholes: Questions[list[Whole]] = Questions(connect, AT_ONCE)
        self._completion = Completion(connect, patience_seconds=patience_seconds)

    async def completed(self, change: ProductChange, delivery: Delivery) -> ProductChange:
        """Add to a product what its webhook leaves out, where the shop wants it; raises as `Completion.completed`."""
        return await self._completion.completed(change, delivery)

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
        if delivery.topic.startswith("collections/"):
            self._completion.outdate(delivery)
        if delivery.topic == _COLLECTION_DELETED:
            raise TerminalError("not_fetched", "collection", "nobody knows what was in it: pull the whole shop")
        outdated = self._completion.outdated(delivery)
        fetched, unfetched = await self._fetched(number, delivery)
        told, refused = _told(fetched, delivery)
        for change in told:
            self._completion.learn(change, delivery, outdated=outdated)
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
        ids = await self._names.answer(shop, (named, number), lambda client: named(client, number), until)
        together = [tuple(ids[start : start + TOGETHER]) for start in range(0, len(ids), TOGETHER)]
        asking = [self._wholes.answer(shop, some, partial(wholes, product_ids=some), until) for some in together]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        return (
            [whole for answer in answers if not isinstance(answer, BaseException) for whole in answer],
            [answer for answer in answers if isinstance(answer, BaseException)],
        )


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
            version = version_of(delivery, change["occurred_at"])
            changes.append(change | {"delivery_id": delivery.delivery_id, "occurred_at": version})
    return changes, refusals
