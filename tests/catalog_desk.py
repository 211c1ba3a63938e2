"""A catalog's leader at work, with Meta and the topics it writes to played."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson

from connectors.meta.catalog.answers import Page, Problem, Progress, Taken
from connectors.meta.catalog.quota import Usage
from connectors.meta.failures import Failure
from schemas.catalog_records import Alert, Catalog, ProductReceipt, SyncJob
from schemas.codec import Codec
from schemas.records import ProductChange
from schemas.settings import CatalogSettings
from streams.cataloguing.book import Book
from streams.cataloguing.leader import Leader, World
from streams.cataloguing.products import Products
from streams.cataloguing.receipts import sent_of
from streams.rules.products_in_force import Told
from tests.builders import NOON, a_shop
from tests.listed import a_bracelet, a_catalog

CODEC = Codec.from_lock()


class FakeMeta:
    """Takes batches, and has done them when it is asked; *take* and *refuse* say otherwise."""

    def __init__(self) -> None:
        self.take: Callable[[list[str]], Taken | Failure | None] = lambda ids: None
        self.refuse: dict[str, str] = {}
        self.running = False
        self.used = Usage()
        self.batches: list[list[str]] = []
        self.items: dict[str, Any] = {}
        self.in_work: dict[str, list[Any]] = {}

    async def send_items(self, catalog: Catalog, records: Sequence[bytes]) -> Taken | Failure:
        requests = [orjson.loads(record) for record in records]
        ids = [each["data"]["id"] for each in requests]
        under_way = {each["data"]["id"] for batch in self.in_work.values() for each in batch}
        assert not under_way & set(ids), "an item is sent while it is in the air"
        self.batches.append(ids)
        answer = self.take(ids)
        if isinstance(answer, Failure) or (answer is not None and answer.handle is None):
            return answer
        handle = f"h{len(self.batches)}"
        self.in_work[handle] = requests
        return Taken(handle, answer.problems if answer else {}, answer.usage if answer else Usage())

    async def batch_status(self, catalog: Catalog, handle: str) -> Progress | Failure:
        if handle not in self.in_work:
            return Failure("permanent", 400, 100)
        if self.running:
            return Progress("running", {}, frozenset(), 0)
        requests = self.in_work.pop(handle)
        problems = {}
        for each in requests:
            item_id = each["data"]["id"]
            if item_id in self.refuse:
                problems[item_id] = Problem((self.refuse[item_id],))
            elif each["method"] == "DELETE":
                self.items.pop(item_id, None)
            else:
                self.items[item_id] = each["data"]
        return Progress("finished", problems, frozenset(problems), len(problems), self.used)

    async def products(
        self, catalog: Catalog, fields: Sequence[str], *, limit: int, after: str | None = None
    ) -> Page | Failure:
        return Page([{"retailer_id": item_id} for item_id in self.items], None)


class Ledger:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.receipts: list[ProductReceipt] = []
        self.jobs: dict[str, SyncJob] = {}
        self.alerts: list[Alert] = []

    async def receipts_written(self, partition: int, receipts: Iterable[ProductReceipt]) -> None:
        self.receipts += receipts

    async def job(self, partition: int, job: SyncJob) -> None:
        self.jobs[job["kind"]] = SyncJob(**job)

    async def alert(self, partition: int, alert: Alert) -> None:
        self.alerts.append(alert)

    async def settled(self) -> None:
        """Nothing is ever on its way."""

    def last(self, item_id: str) -> ProductReceipt | None:
        return next((each for each in reversed(self.receipts) if each["item_id"] == item_id), None)

    def status(self, item_id: str) -> str | None:
        last = self.last(item_id)
        return last["status"] if last else None


class Writing:
    """What the leader sees of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.receipts, self.job = ledger.receipts_written, ledger.job
        self.alert, self.settled = ledger.alert, ledger.settled


class Desk:
    """A leader at work with a fake Meta, and its shop."""

    def __init__(self, **chosen: Any) -> None:
        self.meta, self.ledger, self.products = FakeMeta(), Ledger(), Products(CODEC)
        defaults = {"window_seconds": 0.01, "poll_seconds": 0.01} | chosen
        self.settings = CatalogSettings.model_construct(**(CatalogSettings.model_construct().model_dump() | defaults))
        self.book, self.leader = self._led()

    async def succeed(self) -> None:
        """Have another leader take over, by what was written."""
        await self.leader.stop()
        self.book, self.leader = self._led()
        self.leader.start()

    def _led(self) -> tuple[Book, Leader]:
        in_force = self.products.in_force
        book = Book(a_shop(), a_catalog(), 0, knows=lambda product_id: in_force.knows("demo", product_id))
        for receipt in self.ledger.receipts:
            book.ledger.put(receipt["item_id"], sent_of(receipt))
        world: Any = World(self.meta, self.settings, self.products, Writing(self.ledger))  # type: ignore[arg-type]
        self.jobs = dict(self.ledger.jobs)
        return book, Leader(world, book, self.jobs)

    def change(self, *changes: ProductChange) -> None:
        for each in changes:
            self.products.apply(_Written(each))

    def changed(self, told: Told) -> None:
        for product_id in told.product_ids:
            self.book.queue.mark(product_id, told.received_at)

    async def until(self, wanted: Callable[[], object], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not wanted():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def until_first_run(self) -> None:
        await self.until(lambda: "full" in self.ledger.jobs and self.ledger.jobs["full"]["state"] == "finished")


class _Written:
    def __init__(self, change: ProductChange) -> None:
        self.key, self.value = f"demo|{change['product_id']}".encode(), CODEC.encode("ProductChange", change)
        self.partition = self.offset = 0


@asynccontextmanager
async def a_desk(*changes: ProductChange, **chosen: Any) -> AsyncIterator[Desk]:
    desk = Desk(**chosen)
    desk.change(*changes)
    desk.products.changed = desk.changed
    yield desk
    await desk.leader.stop()


def a_product(number: int, at: int = NOON, **variant: Any) -> ProductChange:
    change = a_bracelet({"variant_id": f"v{number}", "inventory_item_id": f"i{number}"} | variant)
    return change | {"product_id": f"p{number}", "occurred_at": at, "received_at": at}
