"""Leads one catalog that Meta fetches as a file: what Meta found in it becomes receipts, as the answers to batches do.

A reading counts for what was told before it began; a product that changed since waits for the next. Of an error with
more items than Meta names, only those named are known to be rejected, and nothing is said of the others.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import structlog

from connectors.meta.failures import Failure
from connectors.meta.feed.results import FeedResults, ItemProblem, Session, feed_results
from schemas.catalog_records import Catalog, ProductReceipt, SyncRequest
from schemas.records import EpochMillis, Shop
from streams.cataloguing import alerts
from streams.cataloguing.book import Book
from streams.cataloguing.considering import Now, considered
from streams.cataloguing.feed_verdicts import epoch_millis, verdict_of
from streams.cataloguing.leader import World
from streams.cataloguing.metrics import QUOTA
from streams.cataloguing.queues import Turn
from streams.cataloguing.receipts import Said, of_order, sent_of
from streams.failing import fail_stop
from streams.rules.catalog_items import ALERT_FAILURES

MARGIN_MS: Final = 1_000
"""Meta tells times in whole seconds."""
AT_ONCE: Final = 500
"""Products looked at before others have their turn."""

log = structlog.get_logger()


class FeedLeader:
    """One catalog with a feed. Begin with `start`, end with `stop`."""

    def __init__(self, world: World, book: Book) -> None:
        """Take what earlier processes left of it: its receipts are in the *book*."""
        self._world, self.book = world, book
        self._since: EpochMillis = 0
        self._changed: dict[str, EpochMillis] = {}
        self._read: str | None = None
        self._said = ""
        self._is_stopped = self._has_failed = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; what Meta read before is not looked at, as it is not known what was told by then."""
        self.configure(self.book.shop, self.book.catalog)
        self._tasks.append(asyncio.create_task(self._run(), name=f"feed {self.book.label}"))

    async def stop(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def configure(self, shop: Shop, catalog: Catalog) -> None:
        """Take changed settings: everything may look different from now on."""
        self.book.shop, self.book.catalog = shop, catalog
        self._since = int(time.time() * 1000)
        self.book.queue.look_through(self._world.products.in_force.ids(shop["shop_id"]))

    async def ask(self, request: SyncRequest) -> None:
        """Tell who asked that it is not ours to send."""
        log.warning("Meta fetches this catalog: storestream catalogs feed fetch", catalog=self.book.label)

    async def read(self) -> None:
        """Ask once what Meta found, and write receipts of it if that is new."""
        book = self.book
        results = await feed_results(self._world.client, book.catalog, book.shop["shop_id"], known=self._read)
        if results is None or isinstance(results, Failure):
            self._say("no feed at Meta" if results is None else f"Meta did not tell: {results.code or results.detail}")
            await self._stopped(results)
            return
        self._is_stopped = False
        if results.usage.percent is not None:
            QUOTA.labels(book.label).set(results.usage.percent)
        ended = results.ended
        if ended is None or ended.session_id == self._read:
            return
        began = epoch_millis(ended.started_at)
        if began is not None and began + MARGIN_MS > self._since:
            if problem := _of_whole(results, ended):
                await self._failed(problem)
            else:
                self._said, self._has_failed = "", False
                await self._settle(results, began)
        self._read = ended.session_id

    async def _run(self) -> None:
        with fail_stop("catalog feed"):
            await self._get_to_know()
            while True:
                await self.read()
                await asyncio.sleep(self._world.chosen.feed_seconds)

    async def _get_to_know(self) -> None:
        """Look at every product once: from then on a stock level that changes is known to be of its product."""
        for place, product_id in enumerate(self._world.products.in_force.ids(self.book.shop["shop_id"])):
            self._world.products.listing(self.book.shop, self.book.catalog, product_id, int(time.time() * 1000))
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _settle(self, results: FeedResults, began: EpochMillis) -> None:
        problems: dict[str, list[ItemProblem]] = {}
        for problem in results.problems():
            problems.setdefault(problem.item_id, []).append(problem)
        self._look_again(problems)
        self._note_changes()
        for chunk in _chunks([each for each in self._changed if self._was_read(each, began)]):
            self._note_changes()  # what changes while others are settled was not read
            turns = [Turn(each, None, self._changed[each]) for each in chunk if self._was_read(each, began)]
            receipts = [receipt for turn in turns for receipt in self._receipts(turn, results, problems)]
            await self._world.writer.receipts(self.book.partition, receipts)
            await self._alert(receipts)
            await asyncio.sleep(0)
        log.info("feed read", catalog=self.book.label, items=len(self.book.ledger), problems=len(problems))

    def _note_changes(self) -> None:
        """Note which products may be told anew; those not taken out of `_changed` come again."""
        while (turn := self.book.queue.pop()) is not None:
            self._changed[turn.product_id] = max(turn.wanted_at, self._changed.get(turn.product_id, 0))

    def _was_read(self, product_id: str, began: EpochMillis) -> bool:
        return self._changed[product_id] + MARGIN_MS <= began

    def _look_again(self, problems: dict[str, list[ItemProblem]]) -> None:
        """Have items looked at again of which Meta says another thing than before, although they are the same.

        And those it refuses once more, until a person has been told.
        """
        refused = {item_id for item_id, found in problems.items() if any(each.rejects for each in found)}
        for item_id, sent in self.book.ledger.items():
            is_refused = item_id in refused
            differs = sent.status in ("accepted", "rejected") and (sent.status == "rejected") != is_refused
            if differs or (is_refused and sent.status == "rejected" and sent.failures < ALERT_FAILURES):
                self.book.forced.add(item_id)
                self._changed.setdefault(sent.product_id, 0)

    def _receipts(
        self, turn: Turn, results: FeedResults, problems: dict[str, list[ItemProblem]]
    ) -> Iterator[ProductReceipt]:
        del self._changed[turn.product_id]
        now = Now(int(time.time() * 1000), time.monotonic())
        listing = self._world.products.listing(self.book.shop, self.book.catalog, turn.product_id, now.ms)
        if listing is None:
            return
        found = considered(self.book, turn, listing, now)
        yield from found.receipts
        for order in found.orders:
            verdict = verdict_of(order, problems.get(order.item_id, []), names_all=results.names_all)
            if verdict is None:
                self._changed.setdefault(turn.product_id, turn.wanted_at)
                continue
            receipt = of_order(self.book.place, order, verdict, Said(finished_at=now.ms))
            self.book.ledger.put(order.item_id, sent_of(receipt))
            self.book.forced.discard(order.item_id)
            yield receipt

    async def _alert(self, receipts: list[ProductReceipt]) -> None:
        for alert in alerts.of_receipts(self.book.catalog["name"], receipts, int(time.time() * 1000)):
            await self._world.writer.alert(self.book.partition, alert)
            log.warning("item keeps being rejected", catalog=self.book.label, subject=alert["subject"])

    async def _stopped(self, failure: Failure | None) -> None:
        """Tell a person once that the token is not let in."""
        if failure is None or failure.kind != "token" or self._is_stopped:
            return
        self._is_stopped = True
        now = int(time.time() * 1000)
        alert = alerts.of_stop(self.book.shop["shop_id"], self.book.catalog, failure, now)
        await self._world.writer.alert(self.book.partition, alert)

    async def _failed(self, problem: str) -> None:
        """Tell a person once that Meta cannot read the file."""
        self._say(problem)
        if not self._has_failed:
            self._has_failed = True
            book, now = self.book, int(time.time() * 1000)
            alert = alerts.of_feed(book.shop["shop_id"], book.catalog["name"], problem, now)
            await self._world.writer.alert(book.partition, alert)

    def _say(self, problem: str) -> None:
        if problem != self._said:
            log.warning("feed not read", catalog=self.book.label, problem=problem)
        self._said = problem


def _of_whole(results: FeedResults, session: Session) -> str | None:
    """Say why Meta read no items at all: an error that is of no item is of the file."""
    of_file = [error for error in results.errors if error.rejects and not any(item for _, item in error.samples)]
    if of_file:
        return of_file[0].message
    return None if session.detected else "Meta found no item in the file"


def _chunks(product_ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(product_ids), AT_ONCE):
        yield product_ids[start : start + AT_ONCE]
