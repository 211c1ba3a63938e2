"""What a full pull did not meet: products that stand on `products.changed` and that the shop system has no more.

In: what stands of the shop, and the shop system, which is asked again for each product before it is deleted: a list
that was read page by page while it changed is no proof. Out: a deletion of each, as the lost webhook would have been.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, NamedTuple

from deploy.standing_products import Followed
from schemas.product import to_deletion
from schemas.records import EpochMillis, ProductChange, Shop

MARGIN_MS: Final = 300_000
"""What was said so shortly before the pull may not show yet in what it lists; clocks differ, too."""
FEW: Final = 3
"""So many may go whatever their share, as long as not all do."""
AT_ONCE: Final = 100

Publish = Callable[[Sequence[ProductChange]], Awaitable[list[ProductChange]]]
Existing = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Ask a shop system which of some products it has, at most `AT_ONCE`."""


class Gone(NamedTuple):
    """What became of what was missing: *deleted*, or, where that would be too many of *known*, *kept*."""

    known: int
    deleted: int = 0
    kept: int = 0


class System(NamedTuple):
    """The shop system that is pulled from: *name* is the source of its changes."""

    shop: Shop
    name: str
    existing: Existing


class Absences:
    """Compares one full pull with what stands. *most_percent*: of what is known, how much may be deleted."""

    def __init__(self, system: System, followed: Followed, publish: Publish, most_percent: int) -> None:
        """Take what to compare."""
        self._system, self._publish, self._percent = system, publish, most_percent
        self._standing, self._up_to_now = followed

    async def publish(self, changes: Sequence[ProductChange], began_at: EpochMillis) -> list[ProductChange]:
        """Publish what the pull that began at *began_at* met, as `ProductPublisher.publish`.

        It is newer than what was told before, whatever version that has. Shopify's webhooks are as new as their
        trigger, later than the product's `updated_at`, and leave out what a pull brings. A product that stands as
        deleted and is there was deleted by mistake, or is back.
        """
        before = began_at - MARGIN_MS
        renewed = [
            change
            | {"occurred_at": max(change["occurred_at"], self._standing.outdated_by(change["product_id"], before))}
            for change in changes
        ]
        return await self._publish(renewed)

    async def delete(self, began_at: EpochMillis) -> Gone:
        """Delete what is missing after the pull that began at *began_at*.

        Stopped at any point, it may be called again. Raises as `Existing` and `ProductPublisher.publish`.
        """
        await self._up_to_now()
        known = len(self._standing.there())
        most = known if self._percent == 100 else min(known - 1, max(FEW, known * self._percent // 100))
        missing: list[tuple[str, EpochMillis]] = []
        for asked in _chunks(self._standing.not_told_since(began_at - MARGIN_MS)) if self._percent else ():
            asked_at = time.time_ns() // 1_000_000
            existing = await self._system.existing(asked)
            missing += [(product_id, asked_at) for product_id in asked if product_id not in existing]
            if len(missing) > most:
                return Gone(known, kept=len(missing))
        for start in range(0, len(missing), AT_ONCE):
            await self._publish([self._deletion(*each, began_at) for each in missing[start : start + AT_ONCE]])
        return Gone(known, deleted=len(missing))

    def _deletion(self, product_id: str, asked_at: EpochMillis, began_at: EpochMillis) -> ProductChange:
        deletion = to_deletion(self._system.shop, product_id, f"pull:{began_at}", asked_at)
        return deletion | {"source": self._system.name}


def _chunks(product_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(product_ids), AT_ONCE):
        yield product_ids[start : start + AT_ONCE]
