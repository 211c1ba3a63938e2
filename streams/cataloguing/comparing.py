"""Compares what Meta has in a catalog with the receipts: what nobody stands for, what is missing, what has drifted."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from connectors.meta.catalog.answers import Page
from connectors.meta.catalog.client import CatalogClient
from connectors.meta.catalog.drift import FIELDS, has_drifted
from connectors.meta.catalog.items import Listing
from connectors.meta.failures import Failure
from streams.cataloguing.book import Book
from streams.cataloguing.line import Line
from streams.cataloguing.products import Products

ROWS_AT_ONCE = 10


class Compared(NamedTuple):
    """Item ids, in the order they were met. *seen*: how many Meta has."""

    orphans: list[str]
    missing: list[str]
    drifted: list[str]
    seen: int


class ListingFailed(Exception):
    """Meta would not list the catalog. *failure* says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.failure = failure


class Comparer:
    """Looks through everything that Meta has. Nothing is kept on the way: after a restart it is read anew, as it is."""

    def __init__(self, book: Book, products: Products, client: CatalogClient, line: Line) -> None:
        """Take what to compare."""
        self._book, self._products, self._client, self._line = book, products, client, line
        self._listed: tuple[str, Listing | None] = "", None

    async def compare(self, page_items: int, called: Callable[[], None]) -> Compared:
        """List Meta's items page by page; *called* is told of each request.

        Raises:
            ListingFailed: for what no waiting mends.
        """
        book, found = self._book, Compared([], [], [], 0)
        before = {item_id for item_id, sent in book.ledger.items() if sent.status == "accepted"}
        seen, after, limit = 0, None, page_items
        while True:
            page = await self._page(limit, after, called)
            if page is None:
                limit = max(1, limit // 2)
                continue
            for number, row in enumerate(page.rows):
                if number % ROWS_AT_ONCE == 0:
                    await asyncio.sleep(0)
                item_id = str(row.get("retailer_id", ""))
                if item_id:
                    seen += 1
                    before.discard(item_id)
                    self._look(found, item_id, row)
            after = page.after
            if after is None:
                found.missing.extend(sorted(each for each in before if each not in book.in_air))
                return found._replace(seen=seen)

    async def _page(self, limit: int, after: str | None, called: Callable[[], None]) -> Page | None:
        """Read one page, for as long as it takes; None when it is too large."""
        while True:
            page = await self._line.call(
                lambda: self._client.products(self._book.catalog, FIELDS, limit=limit, after=after)
            )
            called()
            if isinstance(page, Page):
                return page
            if page.kind == "split" and limit > 1:
                return None
            if page.kind in ("permanent", "split"):
                raise ListingFailed(page)

    def _look(self, found: Compared, item_id: str, row: dict[str, Any]) -> None:
        book = self._book
        sent = book.ledger.get(item_id)
        if item_id in book.in_air:
            return
        if sent is None or not sent.is_at_meta or not (sent.product_id and book.knows(sent.product_id)):
            found.orphans.append(item_id)
        elif sent.status == "accepted" and self._has_drifted(item_id, sent.product_id, row):
            found.drifted.append(item_id)

    def _has_drifted(self, item_id: str, product_id: str, row: dict[str, Any]) -> bool:
        if self._listed[0] != product_id:
            listing = self._products.listing(self._book.shop, self._book.catalog, product_id, int(time.time() * 1000))
            self._listed = product_id, listing
        items = self._listed[1].items if self._listed[1] else []
        item = next((each for each in items if each.item_id == item_id), None)
        return item is not None and has_drifted(row, item.data)
