"""What stands on `products.changed` of one shop: the products that its shop system told of, and which are gone.

Followed while a full pull runs, so that what the pull did not meet can be told at its end.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from connectors.kafka import registry
from connectors.kafka.follower import Follower
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.heads import Heads
from schemas.records import EpochMillis
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import PRODUCTS_CHANGED


class Stand(NamedTuple):
    """How a product stands. *told_at*: when anything was last said of it, by the shop's clock or by ours."""

    source: str
    is_deleted: bool
    occurred_at: EpochMillis
    told_at: EpochMillis


class StandingProducts:
    """The products of the shop *shop_id*, of which only those that *source* told of last are shown."""

    def __init__(self, codec: Codec, shop_id: str, source: str) -> None:
        """Begin empty."""
        self._heads, self._source = Heads(codec), source
        self._prefix = f"{shop_id}|".encode()
        self._stands: dict[str, Stand] = {}

    def apply(self, record: Any) -> None:
        """Take one Kafka record; of equal times the later one counts."""
        key = record.key or b""
        if not key.startswith(self._prefix):
            return
        if record.value is None:
            self._stands.pop(key.removeprefix(self._prefix).decode(errors="replace"), None)
            return
        try:
            head = self._heads.of(record.value)
        except TerminalError:
            return  # as `catalog`, which reports it
        if head.action == "inventory":
            return
        known = self._stands.get(head.product_id)
        told_at = max(head.occurred_at, head.received_at, known.told_at if known else 0)
        if known is not None and known.occurred_at > head.occurred_at:
            self._stands[head.product_id] = known._replace(told_at=told_at)
        else:
            self._stands[head.product_id] = Stand(head.source, head.action == "delete", head.occurred_at, told_at)

    def there(self) -> list[str]:
        """List the products that are not deleted."""
        return [each for each, stand in self._stands.items() if self._is_ours(stand) and not stand.is_deleted]

    def not_told_since(self, when: EpochMillis) -> list[str]:
        """List those of them that nothing was said of since *when*."""
        return [each for each in self.there() if self._stands[each].told_at < when]

    def outdated_by(self, product_id: str, before: EpochMillis) -> EpochMillis:
        """Return the version that outdates what was told of a product *before*; 0 where nothing of *source* was."""
        stand = self._stands.get(product_id)
        if stand is None or not self._is_ours(stand) or stand.told_at >= before:
            return 0
        return stand.occurred_at + stand.is_deleted  # of equal versions the later record counts

    def _is_ours(self, stand: Stand) -> bool:
        return stand.source == self._source


class Followed(NamedTuple):
    """The products, and what waits until they are as the topic says at this moment."""

    products: StandingProducts
    up_to_now: Callable[[], Awaitable[None]]


@asynccontextmanager
async def following(shop_id: str, source: str, *, timeout_seconds: float = 600) -> AsyncIterator[Followed]:
    """Read the topic and follow it until exit. Raises `TransientError` when reading takes longer than the time."""
    kafka = settings(KafkaSettings)
    products = StandingProducts(await registry.codec(settings(RegistrySettings), kafka), shop_id, source)
    follower = Follower(kafka.bootstrap_servers, kafka.prefix + PRODUCTS_CHANGED.name, products.apply)
    await follower.start()
    try:
        await follower.caught_up(timeout_seconds)
        yield Followed(products, follower.until_now)
    finally:
        await follower.stop()
