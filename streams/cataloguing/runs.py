"""The runs over one catalog: full, reconcile and retry, one after the other, each resumed where a kill left it.

A run keeps no place of its own. What it has sent bears its name on the receipts: a full run sends what does not.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from schemas.catalog_records import SyncJob, SyncRequest
from schemas.identifiers import run_id
from schemas.settings import CatalogSettings
from streams.cataloguing import metrics
from streams.cataloguing.book import Book
from streams.cataloguing.comparing import Comparer, ListingFailed
from streams.cataloguing.products import Products
from streams.cataloguing.receipts import DELETED
from streams.cataloguing.run_steps import begun, made_pending, take_up, unfinished_strays
from streams.cataloguing.writing import Writer
from streams.rules.catalog_runs import is_due, next_run

KINDS: Final = ("full", "reconcile", "retry")
TICK_SECONDS: Final = 0.25
TELL_SECONDS: Final = 1.0

log = structlog.get_logger()


class Runs:
    """All runs of one catalog. *jobs*: the latest of each kind, as they stand on `catalogs.synced`."""

    def __init__(
        self, book: Book, products: Products, comparer: Comparer, writer: Writer, *, jobs: dict[str, SyncJob]
    ) -> None:
        """Take where earlier processes left them."""
        self._book, self._products, self._comparer, self._writer, self.jobs = book, products, comparer, writer, jobs
        self._current: SyncJob | None = None
        self._told_at = 0.0
        self.used: Callable[[], float | None] = lambda: None  # of Meta's limits, in percent

    def called(self) -> None:
        """Count a request to Meta."""
        if self._current is not None:
            self._current["calls"] += 1

    def landed(self, counted: Counter[tuple[str | None, str]]) -> None:
        """Count items that were settled."""
        job = self._current
        if job is None:
            return
        accepted, rejected, deleted = (counted[job["job_id"], each] for each in ("accepted", "rejected", DELETED))
        job["accepted"] += accepted
        job["rejected"] += rejected
        job["deleted"] += deleted
        job["done"] += accepted + rejected + deleted

    async def ask(self, request: SyncRequest) -> None:
        """Do what a person asked for; asked twice, it is done once."""
        kind, book = request["kind"], self._book
        if kind == "stop":
            await self._stop()
            return
        if kind not in KINDS:
            log.warning("request not understood", catalog=book.label, kind=kind)
            return
        known, job_id = self.jobs.get(kind), run_id(book.shop["shop_id"], book.catalog["name"], request["request_id"])
        is_running = known is not None and known["state"] == "running"
        if (known is not None and known["job_id"] == job_id) or (is_running and kind != "retry"):
            return
        if not is_running:
            await self._begin(kind, request["trigger"], job_id)
        if kind == "retry":  # what is asked for while one runs goes with it
            await self._writer.receipts(book.partition, made_pending(book, self.jobs[kind], request["item_ids"]))
            await self._tell(self.jobs[kind])

    async def begin_if_due(self) -> None:
        """Begin the full run that the schedule wants now; the first one of a catalog at once."""
        book, now, last, key = self._book, _now_ms(), self.jobs.get("full"), self._book.place.key
        if is_due(key, book.catalog["full_sync_days"], last, now):
            why = "first" if last is None else "schedule"
            await self._begin("full", why, run_id(*key.split("|", 1), why, str(now)))

    async def run(self, chosen: CatalogSettings) -> None:
        """Look through everything once, then run what is to be run, for ever."""
        book = self._book
        await self.begin_if_due()
        self._current = self._next()
        book.job_id = self._current["job_id"] if self._current else None
        book.forcing = self._current is not None and self._current["trigger"] == "first"
        book.queue.look_through(self._products.in_force.ids(book.shop["shop_id"]), unfinished_strays(book))
        began = time.monotonic()
        while True:
            await self._drained()
            if began:
                seconds, began = round(time.monotonic() - began, 1), 0.0
                log.info("catalog looked through", catalog=book.label, items=len(book.ledger), seconds=seconds)
            self._current = self._next()
            if self._current is not None:
                await self._drive(self._current, chosen)
                book.job_id, book.forcing = None, False
                book.forced.clear()
                self._current = None
            await asyncio.sleep(TICK_SECONDS)
            await self.begin_if_due()

    async def _drive(self, job: SyncJob, chosen: CatalogSettings) -> None:
        """Bring *job* to its end; it may have been begun by another process."""
        book = self._book
        self._recount(job)
        book.job_id = job["job_id"]
        log.info("run goes on", catalog=book.label, kind=job["kind"], trigger=job["trigger"], done=job["done"])
        with metrics.RUNNING.labels(book.label, job["kind"]).track_inprogress():
            try:
                if job["kind"] != "retry":
                    await self._compare(job, chosen)
                await self._drained()
            except ListingFailed as exc:
                await self._end(job, "failed", failure=exc.failure.kind, detail=f"code {exc.failure.code}")
                return
        if job["state"] == "running":
            await self._end(job, "finished")

    async def _compare(self, job: SyncJob, chosen: CatalogSettings) -> None:
        compared = await self._comparer.compare(chosen.page_items, self.called)
        if job["state"] == "running":
            last = self.jobs.get("full")
            ids = self._products.in_force.ids(self._book.shop["shop_id"])
            take_up(self._book, job, compared, product_ids=ids, last_total=last["total"] if last else 0)

    async def _stop(self) -> None:
        for job in self.jobs.values():
            if job["state"] == "running":
                await self._end(job, "stopped")
        if self._current is not None:
            self._book.forcing, self._book.job_id = False, None
            self._book.forced.clear()
            self._book.queue.drop_backlog()

    async def _drained(self) -> None:
        """Wait until everything has been looked through, and what was sent meanwhile has landed."""
        book = self._book
        while book.queue.looking_through:
            await self._pause()
        waiting = book.in_air | {
            item_id for item_id, sent in book.ledger.items() if self._is_awaited(sent.job_id, sent.status)
        }
        while waiting:
            await self._pause()
            waiting = {each for each in waiting if (sent := book.ledger.get(each)) and sent.status == "pending"}

    def _is_awaited(self, job_id: str | None, status: str) -> bool:
        return status == "pending" and self._current is not None and job_id == self._current["job_id"]

    async def _pause(self) -> None:
        await asyncio.sleep(TICK_SECONDS)
        if self._current is not None and time.monotonic() - self._told_at > TELL_SECONDS:
            await self._tell(self._current)

    def _recount(self, job: SyncJob) -> None:
        """Count each item once, however often it changed meanwhile."""
        counted = self._book.ledger.count(job["job_id"])
        job |= {"accepted": counted["accepted"], "rejected": counted["rejected"]}
        job["done"] = job["accepted"] + job["rejected"] + job["deleted"]

    def _next(self) -> SyncJob | None:
        running = [job for job in self.jobs.values() if job["state"] == "running"]
        return min(running, key=lambda job: job["started_at"], default=None)

    async def _begin(self, kind: str, trigger: str, job_id: str) -> None:
        last = self.jobs.get(kind)
        expected = last["total"] if last is not None and kind == "full" else 0
        self.jobs[kind] = begun(self._book, kind, trigger, job_id, expected)
        await self._tell(self.jobs[kind])

    async def _end(self, job: SyncJob, state: str, *, failure: str | None = None, detail: str | None = None) -> None:
        book, now = self._book, _now_ms()
        self._recount(job)
        if job["kind"] != "retry":
            job["skipped"] = sum(not sent.is_at_meta for _, sent in book.ledger.items())
        if state == "finished" and job["trigger"] == "first":
            job["total"] = job["done"]
        job |= {"state": state, "finished_at": now, "failure": failure, "detail": detail or job["detail"]}
        if job["kind"] == "full":
            job["next_at"] = next_run(book.place.key, book.catalog["full_sync_days"], job["started_at"])
        await self._tell(job)
        log.info("run ended", catalog=book.label, kind=job["kind"], state=state, done=job["done"], calls=job["calls"])

    async def _tell(self, job: SyncJob) -> None:
        if job["trigger"] == "first" and job["state"] == "running":
            job["total"] = max(job["done"], len(self._book.ledger)) + self._book.queue.looking_through
        job["total"] = max(job["total"], job["done"])
        job["quota_percent"] = job["quota_percent"] if (used := self.used()) is None else round(used)
        job["updated_at"], self._told_at = _now_ms(), time.monotonic()
        await self._writer.job(self._book.partition, job)


def _now_ms() -> int:
    return int(time.time() * 1000)
