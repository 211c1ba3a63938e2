"""Leads one catalog: keeps it as its shop wants it, until its partition goes or its settings do."""

import asyncio
import time
from typing import Final, NamedTuple

import structlog

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.failures import Failure
from schemas.catalog_records import Catalog, SyncJob, SyncRequest
from schemas.records import Shop
from schemas.settings import CatalogSettings
from streams.cataloguing.alerts import of_stop
from streams.cataloguing.book import Book, Flight
from streams.cataloguing.comparing import Comparer
from streams.cataloguing.landing import Lander
from streams.cataloguing.line import Line
from streams.cataloguing.products import Products
from streams.cataloguing.receipts import order_of
from streams.cataloguing.runs import Runs
from streams.cataloguing.sending import Sender
from streams.cataloguing.writing import Writer
from streams.failing import fail_stop

STOP_SECONDS: Final = 8.0
"""How long a request may take to end when the catalog is given away."""

log = structlog.get_logger()


class World(NamedTuple):
    """What all catalogs of a process share."""

    client: CatalogClient
    chosen: CatalogSettings
    products: Products
    writer: Writer


class Leader:
    """One catalog that is synced by batches. Begin with `start`, end with `stop`."""

    def __init__(self, world: World, book: Book, jobs: dict[str, SyncJob]) -> None:
        """Take what earlier processes left of it: its receipts are in the *book*, its runs are *jobs*."""
        self._world, self.book = world, book
        client, chosen, products, writer = world
        self._line = Line(book.label, self._stopped)
        self._lander = Lander(book, client, self._line, writer, chosen)
        self._sender = Sender(book, products, self._line, writer, client=client, lander=self._lander)
        comparer = Comparer(book, products, client, self._line)
        self.runs = Runs(book, products, comparer, writer, jobs=jobs)
        self.runs.used = lambda: self._line.percent
        self._lander.landed = self.runs.landed
        self._lander.called = self._sender.called = self.runs.called
        self._tasks: list[asyncio.Task[None]] = []
        self._alerts: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin: with the batches that are in Meta's hands, then with everything else."""
        self._take_up_flights()
        chosen = self._world.chosen
        for part in (self._lander.run(), self._sender.run(chosen), self.runs.run(chosen)):
            self._tasks.append(asyncio.create_task(_to_the_end(part), name=f"catalog {self.book.label}"))

    async def stop(self) -> None:
        """End it. A request on its way has some seconds; what it was about is known by its receipts."""
        deadline = time.monotonic() + STOP_SECONDS
        while self._sender.posting.locked() and self._line.is_calling and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._alerts, return_exceptions=True)

    def configure(self, shop: Shop, catalog: Catalog) -> None:
        """Take changed settings: everything may look different now."""
        book = self.book
        book.shop, book.catalog = shop, catalog
        book.queue.look_through(self._world.products.in_force.ids(shop["shop_id"]))

    async def ask(self, request: SyncRequest) -> None:
        """Do what a person asked for."""
        await self.runs.ask(request)

    def _take_up_flights(self) -> None:
        for item_id, sent in self.book.ledger.items():
            if sent.status == "pending" and sent.handle is not None:
                flight = self.book.flights.get(sent.handle)
                if flight is None:
                    flight = Flight(sent.handle, [], int(time.time() * 1000))
                    self.book.flights[sent.handle] = flight
                flight.orders.append(order_of(item_id, sent))
                self.book.in_air.add(item_id)

    def _stopped(self, failure: Failure) -> None:
        task = asyncio.create_task(self._raise_alert(failure), name=f"alert {self.book.label}")
        self._alerts.add(task)
        task.add_done_callback(self._alerts.discard)

    async def _raise_alert(self, failure: Failure) -> None:
        log.error("catalog stopped", catalog=self.book.label, code=failure.code, detail=failure.detail)
        alert = of_stop(self.book.shop["shop_id"], self.book.catalog, failure, int(time.time() * 1000))
        await self._world.writer.alert(self.book.partition, alert)


async def _to_the_end(part: "asyncio.Future[None] | object") -> None:
    with fail_stop("catalog"):
        await part  # type: ignore[misc]
