"""A product as its webhook tells it → the whole product, with the collections and metafields that webhooks leave out.

`products.changed` keeps the last record of a product, so one without them would undo what a pull had brought. They are
asked of the Admin API, for shops whose catalogs read them (`connectors.shopify.additions.wants_additions`).
"""

import asyncio
from functools import partial
from typing import Final

import structlog

from connectors.shopify.additions import Additions, joined, wants_additions
from connectors.shopify.deliveries import Delivery
from connectors.shopify.memory import AdditionsMemory
from connectors.shopify.questions import PATIENCE_SECONDS, Connect, Questions
from connectors.shopify.wholes import additions
from schemas.errors import TerminalError
from schemas.records import ProductChange

AT_ONCE: Final = 8
"""Questions to one shop: as those for names, they cost little."""

log = structlog.get_logger()


class Completion:
    """Makes products whole, and remembers what it was told."""

    def __init__(self, connect: Connect, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Take how a shop's API is reached, and how long a webhook may take for it."""
        self._patience = patience_seconds
        self._questions: Questions[Additions | None] = Questions(connect, AT_ONCE)
        self._memory = AdditionsMemory()

    async def completed(self, change: ProductChange, delivery: Delivery) -> ProductChange:
        """Return *change* with collections and metafields; where the API gives none, with those remembered.

        Raises:
            TerminalError: it gives none in time, and none are remembered.
        """
        if change["product"] is None or not wants_additions(delivery.shop):
            return change
        told = self._memory.reliable(change, delivery) or await self._asked(change, delivery)
        return change if told is None else joined(change, told)  # None: it is gone, and a webhook of its own tells that

    def learn(self, change: ProductChange, delivery: Delivery, *, outdated: int) -> None:
        """Remember what a product that was fetched whole for *delivery* says; *outdated* as `outdated` said before."""
        product = change["product"]
        if product is not None and wants_additions(delivery.shop):
            told = Additions(product["collections"], product["metafields"])
            self._memory.learn(change, told, delivery.received_at, outdated=outdated)

    def outdate(self, delivery: Delivery) -> None:
        """Ask anew for every product of the shop: a collection has changed, and any may have been in it."""
        self._memory.outdate(delivery.shop["shop_id"])

    def outdated(self, delivery: Delivery) -> int:
        """Tell how often the shop's answers were outdated, as `learn` wants it."""
        return self._memory.outdated(delivery.shop["shop_id"])

    async def _asked(self, change: ProductChange, delivery: Delivery) -> Additions | None:
        """Ask, and remember the answer; without one, return what is remembered, though it may be old."""
        until = asyncio.get_running_loop().time() + self._patience
        question = partial(additions, product_id=change["product_id"])
        outdated = self.outdated(delivery)
        try:
            told = await self._questions.answer(delivery.shop, change["product_id"], question, until)
        except TerminalError as exc:
            remembered = self._memory.of(change)
            if remembered is None:
                raise
            log.warning("collections as remembered", shop=change["shop_id"], reason=exc.reason, detail=exc.detail)
            return remembered
        if told is None:
            return self._memory.of(change)
        return self._memory.learn(change, told, delivery.received_at, outdated=outdated)
