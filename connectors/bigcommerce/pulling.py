"""All products of a BigCommerce store, or those changed since a time, in batches that can be gone on from.

`date_modified` does not move when only a variant or a stock level changes: pull everything now and then.
"""

import time
from collections.abc import AsyncIterator

from connectors.bigcommerce.bodies import ProductBody
from connectors.bigcommerce.client import BigCommerceClient
from connectors.bigcommerce.levels import levels_of
from connectors.bigcommerce.mapping import Asked, to_product_change
from connectors.storefronts.pulls import Batch, Refused, wants_levels
from schemas.bodies import validated
from schemas.errors import TerminalError
from schemas.records import EpochMillis


async def pull(
    client: BigCommerceClient, asked: Asked, position: str | None, since: EpochMillis | None
) -> AsyncIterator[Batch]:
    """Yield a batch per page. *position* is the id behind which to begin.

    Raises as `connectors.storefronts.calls.Caller.get`.
    """
    began_at = time.time_ns() // 1_000_000
    async for page in client.pages(position or "0", since):
        products: list[ProductBody] = []
        refused: list[Refused] = []
        for body in page.products:
            try:
                products.append(validated(ProductBody, body))
            except TerminalError as exc:
                refused.append(Refused(str(body["id"]), exc.reason, exc.field))
        names, changes = await client.names(products), []
        for product in products:
            try:
                changes.append(to_product_change(product, names, asked._replace(asked_at=began_at)))
            except TerminalError as exc:
                refused.append(Refused(product.id, exc.reason, exc.field))
        asked_now = asked._replace(asked_at=time.time_ns() // 1_000_000)
        levels = await levels_of(client, products, asked_now) if wants_levels(asked.shop) else []
        yield Batch(changes, refused, str(page.products[-1]["id"]), 0 if position else page.total, levels)
        began_at = time.time_ns() // 1_000_000  # before the next page is asked for: the version of what it says
