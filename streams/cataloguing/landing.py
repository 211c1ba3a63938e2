"""Asks how batches stand and settles their items: each gets its final receipt, or rests and goes again."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.failures import Failure
from schemas.catalog_records import ProductReceipt
from schemas.settings import CatalogSettings
from streams.cataloguing import metrics
from streams.cataloguing.alerts import of_receipts
from streams.cataloguing.book import Book, Flight
from streams.cataloguing.line import Line
from streams.cataloguing.receipts import DELETED, Order, Said, Verdict, of_order, sent_of
from streams.cataloguing.verdicts import AGAIN, of_progress
from streams.cataloguing.writing import Writer
from streams.rules.catalog_items import retry_seconds

LONGEST_POLL_SECONDS: Final = 15.0
POLL_GROWTH: Final = 1.3
FLIGHT_MS: Final = 6 * 3_600_000
"""A batch of which Meta says nothing for so long is sent again."""
TICK_SECONDS: Final = 0.1

log = structlog.get_logger()


class Lander:
    """Brings one catalog's batches down. *landed* is told of items that were settled, by run and status."""

    def __init__(self, book: Book, client: CatalogClient, line: Line, writer: Writer, chosen: CatalogSettings) -> None:
        """Take what to ask with and where to write."""
        self._book, self._client, self._line, self._writer, self._chosen = book, client, line, writer, chosen
        self.landed: Callable[[Counter[tuple[str | None, str]]], None] = lambda counted: None
        self.called: Callable[[], None] = lambda: None

    def took_off(self, flight: Flight) -> None:
        """Ask from now on how *flight* stands."""
        flight.next_at = time.monotonic() + self._chosen.poll_seconds
        self._book.flights[flight.handle] = flight
        self._book.in_air.update(order.item_id for order in flight.orders)

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            now = time.monotonic()
            for flight in [each for each in self._book.flights.values() if each.next_at <= now]:
                await self._ask(flight)
            self._wake(time.monotonic())
            await asyncio.sleep(TICK_SECONDS)

    async def _ask(self, flight: Flight) -> None:
        book = self._book
        progress = await self._line.call(lambda: self._client.batch_status(book.catalog, flight.handle))
        self.called()
        if isinstance(progress, Failure):
            if progress.kind in ("permanent", "split"):
                log.warning("batch unknown at meta", catalog=book.label, items=len(flight.orders))
                await self._land(flight, {order: Verdict(AGAIN) for order in flight.orders})
            return
        if progress.state == "running" and _now_ms() - flight.sent_at < FLIGHT_MS:
            flight.polls += 1
            wait = self._chosen.poll_seconds * POLL_GROWTH**flight.polls
            flight.next_at = time.monotonic() + min(LONGEST_POLL_SECONDS, wait)
            return
        if progress.state == "running":
            progress = progress._replace(state="failed")
        verdicts = {order: of_progress(order, progress, self._chosen.attempts) for order in flight.orders}
        await self._land(flight, verdicts)

    async def _land(self, flight: Flight, verdicts: Mapping[Order, Verdict]) -> None:
        said = Said(flight.handle, flight.sent_at)
        await self.settle(verdicts.items(), said)
        self._book.flights.pop(flight.handle, None)

    async def settle(self, verdicts: Collection[tuple[Order, Verdict]], said: Said) -> None:
        """Write the receipts of items whose fate is known, and let go of them; *said* is common to them."""
        book, now = self._book, _now_ms()
        receipts: list[ProductReceipt] = []
        statuses: Counter[str] = Counter()
        for order, verdict in verdicts:
            statuses[verdict.status] += 1
            if order.doubtful and verdict.status in ("accepted", DELETED):
                again = order._replace(doubtful=False)
                receipts.append(of_order(book.place, again, Verdict("pending"), Said(None, said.sent_at)))
                self._rest(order, self._chosen.confirm_seconds)
            elif verdict.status == AGAIN:
                receipts.append(
                    of_order(book.place, order, verdict._replace(status="pending"), said._replace(handle=None))
                )
                self._rest(order, retry_seconds(order.attempts, random.random()))  # noqa: S311 - jitter
            else:
                receipts.append(of_order(book.place, order, verdict, said._replace(finished_at=now)))
                self._finish(order, verdict, now)
        for receipt in receipts:
            book.ledger.put(receipt["item_id"], sent_of(receipt))
        for order, verdict in verdicts:
            book.release(order.item_id, order.product_id)
            if verdict.status == DELETED and order.product_id:
                book.queue.mark(order.product_id)  # to say of it what keeps it from being listed, if anything does
        await self._writer.receipts(book.partition, receipts)
        for alert in of_receipts(book.catalog["name"], receipts, now):
            await self._writer.alert(book.partition, alert)
            log.warning("item keeps being rejected", catalog=book.label, subject=alert["subject"])
        for status, count in statuses.items():
            metrics.FINISHED.labels(book.label, status).inc(count)
        self.landed(Counter((order.job_id, verdict.status) for order, verdict in verdicts))

    def _finish(self, order: Order, verdict: Verdict, now: int) -> None:
        self._book.forced.discard(order.item_id)
        self._book.resting.pop(order.item_id, None)
        if order.wanted_at and verdict.status in ("accepted", DELETED):
            metrics.LAG.labels(self._book.label).observe(max(0.0, (now - order.wanted_at) / 1000))

    def _rest(self, order: Order, seconds: float) -> None:
        self._book.resting[order.item_id] = time.monotonic() + seconds, order.product_id

    def _wake(self, now: float) -> None:
        book = self._book
        for item_id, (until, product_id) in list(book.resting.items()):
            if until <= now:
                del book.resting[item_id]
                if book.knows(product_id):
                    book.queue.mark(product_id)
                else:
                    book.queue.look_through((), [item_id])


def _now_ms() -> int:
    return int(time.time() * 1000)
