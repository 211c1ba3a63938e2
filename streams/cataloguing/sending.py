"""Gathers what differs into batches and sends them; one request at a time, several batches in Meta's hands.

Before a batch goes out, its items have a receipt that says so (pending, without a handle): wherever a kill falls, the
next leader knows what Meta may have got.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from connectors.meta.catalog.answers import Problem, Taken
from connectors.meta.catalog.batches import Gathering
from connectors.meta.catalog.client import CatalogClient
from connectors.meta.failures import Failure
from schemas.catalog_records import ProductReceipt
from schemas.settings import CatalogSettings
from streams.cataloguing import metrics
from streams.cataloguing.book import Book, Flight
from streams.cataloguing.considering import Considered, Now, considered, considered_stray
from streams.cataloguing.landing import Lander
from streams.cataloguing.line import Line
from streams.cataloguing.products import Products
from streams.cataloguing.queues import Turn
from streams.cataloguing.receipts import NOTHING_SAID, Order, Said, Verdict, of_order, sent_of
from streams.cataloguing.verdicts import AGAIN, of_errors
from streams.cataloguing.writing import Writer
from streams.rules.catalog_items import Sent

TURNS_AT_ONCE: Final = 10
"""Products looked at before others get their turn: some milliseconds."""
LOOK_SECONDS: Final = 0.05
RECEIPTS_AT_ONCE: Final = 500

log = structlog.get_logger()


class Sender:
    """Keeps one catalog as its shop wants it. *called* is told of each request."""

    def __init__(
        self, book: Book, products: Products, line: Line, writer: Writer, *, client: CatalogClient, lander: Lander
    ) -> None:
        """Take what is looked at, what to send with and where to write."""
        self._book, self._products, self._line, self._writer = book, products, line, writer
        self._client, self._lander = client, lander
        self._limit = 0
        self._last = 0.0
        self.posting = asyncio.Lock()
        """Held from the receipts before a request to those after it."""
        self.called: Callable[[], None] = lambda: None

    async def run(self, chosen: CatalogSettings) -> None:
        """Send for ever."""
        self._limit = chosen.batch_items
        while True:
            await self._until_due(chosen)
            orders = await self._gather(chosen)
            if orders:
                async with self.posting:
                    await self._post(orders, chosen)

    async def _until_due(self, chosen: CatalogSettings) -> None:
        """Wait until there is something to do, room for another batch, and the window has passed."""
        book = self._book
        await book.queue.some()
        while True:
            window = self._line.window_seconds(chosen.window_seconds)
            earliest = self._last + window if window > chosen.window_seconds else 0.0
            if not book.queue.looking_through and book.queue.urgent < self._limit:
                earliest = max(earliest, book.queue.since + chosen.window_seconds)
            wait = earliest - time.monotonic()
            if wait <= 0 and len(book.flights) < chosen.batches_in_flight:
                return
            await asyncio.sleep(min(max(wait, LOOK_SECONDS), 1.0))

    async def _gather(self, chosen: CatalogSettings) -> list[Order]:
        """Look at what comes next until a batch is full, the window is over, or nothing is left."""
        book, gathering = self._book, Gathering(self._limit)
        orders: list[Order] = []
        receipts: list[ProductReceipt] = []
        until, turns = time.monotonic() + max(chosen.window_seconds, 1.0), 0
        while not gathering.is_full and (turn := book.queue.pop()) is not None:
            found = self._look(turn)
            receipts += found.receipts
            fitting = gathering.add_fitting([order.body for order in found.orders])
            orders += found.orders[:fitting]
            book.in_air.update(order.item_id for order in found.orders[:fitting])
            if fitting < len(found.orders):
                book.queue.put_back(turn)
                break
            turns += 1
            if turns % TURNS_AT_ONCE == 0:
                await asyncio.sleep(0)
                if len(receipts) > RECEIPTS_AT_ONCE:
                    receipts = await self._skipped(receipts)
                if orders and time.monotonic() > until:
                    break
        await self._skipped(receipts)
        metrics.WAITING.labels(book.label).set(len(book.queue))
        return orders

    def _look(self, turn: Turn) -> Considered:
        now = Now(int(time.time() * 1000), time.monotonic())
        if turn.stray is not None:
            return considered_stray(self._book, turn.stray, now)
        listing = self._products.listing(self._book.shop, self._book.catalog, turn.product_id, now.ms)
        return Considered([], []) if listing is None else considered(self._book, turn, listing, now)

    async def _skipped(self, receipts: list[ProductReceipt]) -> list[ProductReceipt]:
        await self._writer.receipts(self._book.partition, receipts)
        statuses = Counter(each["status"] for each in receipts)
        for status, count in statuses.items():
            metrics.FINISHED.labels(self._book.label, status).inc(count)
        return []

    async def _post(self, orders: list[Order], chosen: CatalogSettings) -> None:
        book = self._book
        before = [(order.item_id, book.ledger.get(order.item_id)) for order in orders]
        await self._note(orders, NOTHING_SAID)
        await self._writer.settled()
        self._last = time.monotonic()
        answer = await self._line.call(lambda: self._client.send_items(book.catalog, [each.body for each in orders]))
        self.called()
        if isinstance(answer, Failure):
            await self._failed(orders, answer, before)
        else:
            self._limit = min(chosen.batch_items, self._limit * 2)
            await self._taken(orders, answer, chosen)
        metrics.IN_AIR.labels(book.label).set(len(book.in_air))

    async def _taken(self, orders: list[Order], taken: Taken, chosen: CatalogSettings) -> None:
        said = Said(None, int(time.time() * 1000))
        faulty = {each: taken.problems[each.item_id] for each in orders if _has_errors(taken.problems, each)}
        flying = [each for each in orders if each not in faulty] if faulty else orders
        if faulty:
            verdicts = {order: of_errors(order, problem, chosen.attempts) for order, problem in faulty.items()}
            await self._lander.settle(verdicts.items(), said)
        if taken.handle is not None:
            flying = [_warned(each, taken.problems) for each in flying]
            await self._note(flying, said._replace(handle=taken.handle))
            self._lander.took_off(Flight(taken.handle, flying, said.sent_at or 0))
        elif flying and faulty:  # nothing was taken because of the others: these go again at once
            self._back(flying)
        elif flying:
            await self._lander.settle([(order, _nothing_taken(order, chosen.attempts)) for order in flying], said)

    async def _failed(self, orders: list[Order], failure: Failure, before: list[tuple[str, Sent | None]]) -> None:
        """Have the items of a request that Meta did not take sent again: in halves, if they are the reason.

        After a broken connection Meta may have them; else they are as they were *before*.
        """
        log.warning(
            "batch not taken", catalog=self._book.label, kind=failure.kind, code=failure.code, items=len(orders)
        )
        if failure.kind in ("permanent", "split"):
            if len(orders) == 1:
                refused = of_errors(orders[0], Problem(), 0)
                said = Said(None, int(time.time() * 1000))
                await self._lander.settle([(orders[0], refused._replace(message=f"error {failure.code}"))], said)
                return
            self._limit = max(1, len(orders) // 2)
        for item_id, sent in before:
            known = self._book.ledger.get(item_id)
            if failure.kind != "transient":
                self._book.ledger.put(item_id, sent)
            elif known is not None:
                self._book.ledger.put(item_id, known._replace(attempts=known.attempts - 1))
        self._back(orders)

    def _back(self, orders: list[Order]) -> None:
        for order in orders:
            self._book.in_air.discard(order.item_id)
            known = bool(order.product_id) and self._book.knows(order.product_id)
            self._book.queue.put_back(Turn(order.product_id, None if known else order.item_id, order.wanted_at))

    async def _note(self, orders: list[Order], said: Said) -> None:
        """Say of all *orders* that they are on their way."""
        book = self._book
        receipts = []
        for order in orders:
            receipts.append(of_order(book.place, order, Verdict("pending"), said))
            book.ledger.put(order.item_id, sent_of(receipts[-1]))
        for start in range(0, len(receipts), RECEIPTS_AT_ONCE):
            await self._writer.receipts(book.partition, receipts[start : start + RECEIPTS_AT_ONCE])
            await asyncio.sleep(0)


def _has_errors(problems: Mapping[str, Problem], order: Order) -> bool:
    problem = problems.get(order.item_id)
    return problem is not None and bool(problem.errors)


def _warned(order: Order, problems: Mapping[str, Problem]) -> Order:
    """Note on *order* what was said at once: it is not said again."""
    problem = problems.get(order.item_id)
    return order._replace(warnings=(*order.warnings, *problem.warnings)) if problem else order


def _nothing_taken(order: Order, attempts: int) -> Verdict:
    if order.attempts < attempts:
        return Verdict(AGAIN)
    return Verdict("rejected", "Meta took nothing of the batch and named no fault", "refused")
