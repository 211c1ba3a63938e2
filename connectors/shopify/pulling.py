"""All products of a Shopify shop, or those changed since a time, by a bulk operation that can be come back to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from connectors.shopify.admin import AdminClient, Operation
from connectors.shopify.bulk import assembled, query_of, to_product_change
from connectors.storefronts.pulls import Batch, Refused
from schemas.errors import TerminalError, TransientError
from schemas.records import EpochMillis, ProductChange, Shop

BATCH: Final = 200
COMPLETED: Final = "COMPLETED"


async def pull(
    client: AdminClient, shop: Shop, began_at: EpochMillis, position: str | None, since: EpochMillis | None
) -> AsyncIterator[Batch]:
    """Yield batches of products. *position* is `operation|products`: which operation, and how many are done with.

    The first batch is empty: with it the operation is noted, so that a pull that goes on does not start another, unless
    that one failed.

    Raises:
        TransientError: the operation failed on Shopify's side, or the API does not answer.
        TerminalError: the API refuses.
    """
    operation_id, _, done = (position or "").partition("|")
    operation = await client.finished(operation_id) if operation_id else None
    if operation is None or operation.status != COMPLETED:
        operation_id, done = await client.start(query_of(_iso(since))), "0"
        yield Batch([], [], f"{operation_id}|0", 0)
        operation = await client.finished(operation_id)
        if operation is None:
            raise TransientError("the bulk operation is not known any more")
    products = list(assembled([line async for line in client.lines(_url(operation))]))
    for start in range(int(done or 0), len(products), BATCH):
        together = products[start : start + BATCH]
        yield _batch(together, shop, began_at, f"{operation_id}|{start + len(together)}", len(products))


def _batch(products: list[list[dict[str, Any]]], shop: Shop, began_at: EpochMillis, position: str, total: int) -> Batch:
    changes: list[ProductChange] = []
    refused: list[Refused] = []
    for objects in products:
        try:
            changes.append(to_product_change(objects, shop, began_at))
        except TerminalError as exc:
            refused.append(Refused(objects[0]["id"], exc.reason, exc.field))
    return Batch(changes, refused, position, total)


def _url(operation: Operation) -> str | None:
    if operation.status != COMPLETED:
        why = operation.error or "no reason told"
        raise TransientError(f"the bulk operation ended {operation.status.lower()}: {why}")
    return operation.url


def _iso(millis: EpochMillis | None) -> str | None:
    return None if millis is None else datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
