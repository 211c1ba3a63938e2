"""Questions to shops' Admin APIs that a webhook waits for: few at a time, and no longer than it can wait."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Final, Generic, TypeVar

from connectors.shopify.admin import AdminClient
from connectors.storefronts.fetches import SharedFetches
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.records import Shop

PATIENCE_SECONDS: Final = 3.5
"""For all that is asked; the rest of Shopify's 5 seconds is for Kafka and the way."""

Connect = Callable[[Shop], AdminClient]
"""Opens a client for a shop; raises `ConfigurationError` where its token is missing."""
Answer = TypeVar("Answer")


class Questions(Generic[Answer]):
    """Questions of one kind, *at_once* of a shop; those about one thing that wait together are asked once."""

    def __init__(self, connect: Connect, at_once: int) -> None:
        """Take how a shop's API is reached."""
        self._connect = connect
        # By shop: one whose API stalls must not hold up another.
        self._fetches: defaultdict[str, SharedFetches[Answer]] = defaultdict(partial(SharedFetches, at_once))

    async def answer(
        self, shop: Shop, about: Hashable, question: Callable[[AdminClient], Awaitable[Answer]], until: float
    ) -> Answer:
        """Return the answer, or raise `TerminalError`: there is none *until* then, by the loop's clock."""

        async def fetch() -> Answer:
            async with asyncio.timeout_at(until):  # also where no webhook waits for it any more
                return await question(self._connect(shop))

        try:
            async with asyncio.timeout_at(until):
                return await self._fetches[shop["shop_id"]].get(about, fetch)
        except TimeoutError:
            raise TerminalError("not_fetched", "product", "it takes too long: pull the whole shop") from None
        except (TransientError, ConfigurationError) as exc:
            raise TerminalError("not_fetched", "product", str(exc)) from None
