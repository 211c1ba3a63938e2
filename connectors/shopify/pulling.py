"""All products of a Shopify shop, or those changed since a time, by a bulk operation that can be come back to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from connectors.shopify.admin import AdminClient, Operation
from connectors.shopify.bulk import assembled, query_of, read_line, to_product_change
from connectors.shopify.levels import is_level, query_of_levels, to_level_change
from connectors.storefronts.pulls import Batch, Refused, wants_levels
from schemas.errors import TerminalError, TransientError
from schemas.records import EpochMillis, ProductChange, Shop

BATCH: Final = 200
LEVELS: Final = 1_000
COMPLETED: Final = "COMPLETED"
_OF_LEVELS: Final = "levels:"


async def pull(
    client: AdminClient, shop: Shop, began_at: EpochMillis, position: str | None, since: EpochMillis | None
) -> AsyncIterator[Batch]:
    """Yield batches of products, then of stock levels where the shop wants them.

    *position* is `operation|products`: which operation, and how many are done with; of levels after `levels:`. The
    first batch of each is empty: with it the operation is noted, so that a pull that goes on does not start another,
    unless that one failed.

    Raises:
        TransientError: the operation failed on Shopify's side, or the API does not answer.
        TerminalError: the API refuses.
    """
    place = position or ""
    if not place.startswith(_OF_LEVELS):
        async for batch in _products(client, shop, began_at, place, since):
            yield batch
    if wants_levels(shop):
        levels = _levels(client, shop, began_at, place.removeprefix(_OF_LEVELS) if _OF_LEVELS in place else "", since)
        async for batch in levels:
            yield batch._replace(position=_OF_LEVELS + batch.position)


async def _products(
    client: AdminClient, shop: Shop, began_at: EpochMillis, place: str, since: EpochMillis | None
) -> AsyncIterator[Batch]:
    under_way = _Operation(client, query_of(_iso(since)), place)
    if await under_way.is_new():
        yield Batch([], [], under_way.position(0), 0)
    products = list(assembled(await under_way.lines()))
    for start in range(under_way.done, len(products), BATCH):
        together = products[start : start + BATCH]
        yield _batch(together, shop, began_at, under_way.position(start + len(together)), len(products))


async def _levels(
    client: AdminClient, shop: Shop, began_at: EpochMillis, place: str, since: EpochMillis | None
) -> AsyncIterator[Batch]:
    under_way = _Operation(client, query_of_levels(_iso(since)), place)
    if await under_way.is_new():
        yield Batch([], [], under_way.position(0), 0)
    lines = await under_way.lines()
    for start in range(under_way.done, len(lines), LEVELS):
        told, refused = _told(lines[start : start + LEVELS], shop, began_at)
        yield Batch([], refused, under_way.position(start + LEVELS), 0, told)


class _Operation:
    """One bulk operation: taken up again at *place* (`operation|done`), or begun."""

    def __init__(self, client: AdminClient, query: str, place: str) -> None:
        self._client, self._query = client, query
        self._id, _, done = place.partition("|")
        self.done = int(done or 0)
        self._ended: Operation | None = None

    async def is_new(self) -> bool:
        """Begin it, unless it is known and has not failed; tell whether it was begun."""
        self._ended = await self._client.finished(self._id) if self._id else None
        if self._ended is not None and self._ended.status == COMPLETED and not _has_expired(self._ended):
            return False
        self._id, self.done, self._ended = await self._client.start(self._query), 0, None
        return True

    def position(self, done: int) -> str:
        return f"{self._id}|{done}"

    async def lines(self) -> list[bytes]:
        """Wait for its end and read its file."""
        operation = self._ended or await self._client.finished(self._id)
        if operation is None:
            raise TransientError("the bulk operation is not known any more")
        return [line async for line in self._client.lines(_url(operation)) if line.strip()]


def _told(lines: list[bytes], shop: Shop, began_at: EpochMillis) -> tuple[list[ProductChange], list[Refused]]:
    levels: list[ProductChange] = []
    refused: list[Refused] = []
    for line in map(read_line, lines):
        try:
            if is_level(line):
                levels.append(to_level_change(line, shop, began_at))
        except TerminalError as exc:
            refused.append(Refused(line["id"], exc.reason, exc.field))
    return levels, refused


def _batch(products: list[list[dict[str, Any]]], shop: Shop, began_at: EpochMillis, position: str, total: int) -> Batch:
    changes: list[ProductChange] = []
    refused: list[Refused] = []
    for objects in products:
        try:
            changes.append(to_product_change(objects, shop, began_at))
        except TerminalError as exc:
            refused.append(Refused(objects[0]["id"], exc.reason, exc.field))
    return Batch(changes, refused, position, total)


def _has_expired(operation: Operation) -> bool:
    """Tell whether its file is gone, as it is after a week."""
    return operation.url is None and operation.objects > 0


def _url(operation: Operation) -> str | None:
    if operation.status != COMPLETED:
        why = operation.error or "no reason told"
        raise TransientError(f"the bulk operation ended {operation.status.lower()}: {why}")
    return operation.url


def _iso(millis: EpochMillis | None) -> str | None:
    return None if millis is None else datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
