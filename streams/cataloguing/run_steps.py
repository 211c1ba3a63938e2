"""The steps of a run over a catalog: how it begins, what a comparison leads to, and what a retry makes pending."""

import time
from collections.abc import Iterable

import structlog

from schemas.catalog_records import ProductReceipt, SyncJob
from streams.cataloguing.book import Book
from streams.cataloguing.comparing import Compared
from streams.cataloguing.receipts import Verdict, of_order, order_of, sent_of
from streams.rules.catalog_runs import may_delete_orphans

log = structlog.get_logger()


def begun(book: Book, kind: str, trigger: str, job_id: str, expected: int) -> SyncJob:
    """Describe a run that begins now; *expected* is its total until that is counted."""
    now = int(time.time() * 1000)
    return SyncJob(
        job_id=job_id,
        shop_id=book.shop["shop_id"],
        catalog=book.catalog["name"],
        catalog_id=book.catalog["catalog_id"],
        kind=kind,
        trigger=trigger,
        state="running",
        started_at=now,
        updated_at=now,
        finished_at=None,
        next_at=None,
        total=expected,
        done=0,
        calls=0,
        accepted=0,
        rejected=0,
        deleted=0,
        skipped=0,
        orphans=0,
        repaired=0,
        failure=None,
        detail=None,
        quota_percent=None,
    )


def take_up(book: Book, job: SyncJob, compared: Compared, *, product_ids: Iterable[str], last_total: int) -> None:
    """Have looked through what *compared* found: orphans, then what is missing or has drifted, then all else.

    *last_total*: how many items the last full run had.
    """
    wanted = sum(sent.is_at_meta and book.knows(sent.product_id) for _, sent in book.ledger.items())
    orphans = _deletable(book, job, compared, wanted, last_total)
    repairs = [*compared.missing, *compared.drifted]
    job["orphans"] = max(job["orphans"], len(compared.orphans))
    job["repaired"] = max(job["repaired"], len(repairs))
    book.forced.update(repairs)
    first = dict.fromkeys(sent.product_id for each in repairs if (sent := book.ledger.get(each)))
    book.queue.look_through(first, orphans)
    job["total"] = wanted + len(orphans) if job["kind"] == "full" else len(repairs) + len(orphans)
    if job["kind"] == "full" and job["trigger"] != "first":  # which has looked through everything already
        book.forcing = True
        book.queue.look_through(each for each in product_ids if each not in first)


def made_pending(book: Book, job: SyncJob, item_ids: Iterable[str]) -> list[ProductReceipt]:
    """Make rejected items pending, all or those named: so they are sent again, whoever leads the catalog then."""
    receipts = []
    named = [(each, book.ledger.get(each)) for each in item_ids]
    for item_id, sent in named or list(book.ledger.items()):
        if sent is None or item_id in book.in_air or sent.status not in ("rejected", "skipped"):
            continue
        if sent.status == "rejected":
            order = order_of(item_id, sent._replace(attempts=0, job_id=job["job_id"]))
            receipts.append(of_order(book.place, order, Verdict("pending")))
            book.ledger.put(item_id, sent_of(receipts[-1]))
        known = book.knows(sent.product_id)
        book.queue.look_through([sent.product_id] if known else (), () if known else [item_id])
    job["total"] += len(receipts)
    return receipts


def unfinished_strays(book: Book) -> list[str]:
    """List deletions that were begun, of items that no product stands for."""
    return [
        item_id
        for item_id, sent in book.ledger.items()
        if sent.status == "pending" and sent.digest is None and not book.knows(sent.product_id)
    ]


def _deletable(book: Book, job: SyncJob, compared: Compared, wanted: int, last_total: int) -> list[str]:
    """Return what of the orphans may be deleted, and say on the *job* when it may not."""
    if not compared.orphans:
        return []
    if book.is_shared():
        why = "another catalog has the same catalog_id"
    elif may_delete_orphans(job["trigger"], wanted, last_total):
        return compared.orphans
    else:
        why = "a first run leaves them" if job["trigger"] == "first" else f"only {wanted} items of ours: ask by command"
    job["detail"] = f"{len(compared.orphans)} items at Meta stand for no product and were left: {why}"
    log.warning("orphans left", catalog=book.label, orphans=len(compared.orphans), wanted=wanted)
    return []
