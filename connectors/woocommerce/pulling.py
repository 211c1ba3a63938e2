"""All products of a WooCommerce shop, or those changed since a time, in batches that can be gone on from."""

import time
from collections.abc import AsyncIterator
from typing import Any

from connectors.storefronts.pulls import Batch, Refused
from connectors.woocommerce.bodies import Thing
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.mapping import Told, to_product_change
from schemas.bodies import validated
from schemas.errors import TerminalError
from schemas.records import EpochMillis, ProductChange


async def pull(client: WooClient, told: Told, position: str | None, since: EpochMillis | None) -> AsyncIterator[Batch]:
    """Yield a batch per page. *position* is the page to begin with.

    A product deleted meanwhile moves all behind it up, so a pull that goes on begins one page earlier.

    Raises as `connectors.storefronts.calls.Caller.get`.
    """
    first = max(1, int(position) - 1) if position else 1
    asked = told._replace(received_at=time.time_ns() // 1_000_000)
    async for page in client.pages(first, since):
        changes: list[ProductChange] = []
        refused: list[Refused] = []
        for body in page.products:
            try:
                changes.append(await _change(client, body, asked))
            except TerminalError as exc:
                if exc.reason == "not_fetched":
                    raise
                product_id = body.get("id") if isinstance(body, dict) else None
                refused.append(Refused(str(product_id), exc.reason, exc.field))
        yield Batch(changes, refused, str(page.number + 1), page.total)
        asked = told._replace(received_at=time.time_ns() // 1_000_000)  # before the next page is asked for


async def _change(client: WooClient, body: Any, told: Told) -> ProductChange:
    product = validated(Thing, body)
    return to_product_change(product, await client.variations(product.id) if product.variations else [], told)
