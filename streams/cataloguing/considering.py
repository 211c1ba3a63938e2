"""Compares what one product is to be in a catalog with its receipts: what to send, and what to say without sending."""

from hashlib import blake2b
from typing import Final, NamedTuple

from connectors.meta.catalog.items import CatalogItem, Listing, Skipped, deletion, digest, payload
from connectors.meta.catalog.reasons import REASONS
from schemas.catalog_records import ProductReceipt
from schemas.records import EpochMillis
from streams.cataloguing.book import Book
from streams.cataloguing.queues import Turn
from streams.cataloguing.receipts import DELETED, Order, Verdict, of_nothing_sent, sent_of
from streams.rules.catalog_items import Method, Sent, attempts_of, difference, is_doubtful

DUPLICATE: Final = "duplicate_id"


class Now(NamedTuple):
    """The time, for receipts and for waits (`time.monotonic()`)."""

    ms: EpochMillis
    seconds: float


class Considered(NamedTuple):
    """What comes of looking at a product."""

    orders: list[Order]
    receipts: list[ProductReceipt]


def considered(book: Book, turn: Turn, listing: Listing, now: Now) -> Considered:
    """Look at a product that is *listing* now. Receipts are in the book's ledger already, orders are not."""
    found = Considered([], [])
    items, skipped = _claimed(book, turn.product_id, listing)
    for item in items.values():
        _order(book, turn, found, now, item_id=item.item_id, item=item)
    for item_id in book.ledger.of_product(turn.product_id):
        sent = book.ledger.get(item_id)
        if item_id in items or sent is None:
            continue
        if sent.is_at_meta:
            _order(book, turn, found, now, item_id=item_id, why=skipped.get(item_id))
        elif item_id not in skipped:
            _say(book, found, of_nothing_sent(book.place, item_id, sent, Verdict(DELETED), now.ms))
    for item_id, each in skipped.items():
        _skip(book, found, item_id, each, now)
    return found


def considered_stray(book: Book, item_id: str, now: Now) -> Considered:
    """Look at an item at Meta that no product stands for: it is deleted."""
    found, sent = Considered([], []), book.ledger.get(item_id)
    if item_id not in book.in_air:
        stray = sent or Sent("", "accepted", 0, now.ms)
        found.orders.append(_ordered(Turn(stray.product_id), item_id, stray, "DELETE", job_id=book.job_id))
    return found


def _claimed(book: Book, product_id: str, listing: Listing) -> tuple[dict[str, CatalogItem], dict[str, Skipped]]:
    """Part what the product may have from what it may not: an id belongs to the product that has it already."""
    items: dict[str, CatalogItem] = {}
    skipped: dict[str, Skipped] = {}
    for item in listing.items:
        if not _is_anothers(book, item.item_id, product_id):
            items[item.item_id] = item
            continue
        book.claims.setdefault(item.item_id, set()).add(product_id)
        entry = REASONS[DUPLICATE]
        why = Skipped(product_id, None, item.item_id, DUPLICATE, entry.field, entry.suggestion)
        skipped[f"~{product_id}/{item.item_id}"] = why
    for each in listing.skipped:
        held = each.item_id is None or each.item_id in items or _is_anothers(book, each.item_id, product_id)
        skipped[f"~{product_id}/{each.variant_id or ''}" if held else str(each.item_id)] = each
    return items, skipped


def _is_anothers(book: Book, item_id: str, product_id: str) -> bool:
    sent = book.ledger.get(item_id)
    if sent is None or not sent.is_at_meta or sent.product_id in ("", product_id):
        return False
    return book.knows(sent.product_id)


def _order(
    book: Book,
    turn: Turn,
    found: Considered,
    now: Now,
    *,
    item_id: str,
    item: CatalogItem | None = None,
    why: Skipped | None = None,
) -> None:
    sent, said = book.ledger.get(item_id), int(digest(item), 16) if item else None
    if item_id in book.in_air:
        if sent is None or sent.product_id != turn.product_id:
            book.claims.setdefault(item_id, set()).add(turn.product_id)
        elif sent.digest != said or book.is_forced(item_id, sent.job_id):
            book.again.add(turn.product_id)
        return
    if sent is not None and sent.digest == said and book.resting.get(item_id, (0.0, ""))[0] > now.seconds:
        return
    forced = sent is not None and sent.is_at_meta and book.is_forced(item_id, sent.job_id)
    method = difference(said, sent, again=forced)
    if method is not None:
        found.orders.append(_ordered(turn, item_id, sent, method, job_id=book.job_id, said=said, item=item, why=why))
    else:
        book.forced.discard(item_id)


def _ordered(
    turn: Turn,
    item_id: str,
    sent: Sent | None,
    method: Method,
    *,
    job_id: str | None,
    said: int | None = None,
    item: CatalogItem | None = None,
    why: Skipped | None = None,
) -> Order:
    return Order(
        item_id,
        turn.product_id,
        method,
        said,
        payload(item, method) if item else deletion(item_id),
        item.changed_at if item else turn.wanted_at or (sent.changed_at if sent else 0),
        turn.wanted_at,
        attempts_of(said, sent),
        sent.failures if sent else 0,
        why.reason if why else None,
        (why.suggestion or None) if why else None,
        job_id or (sent.job_id if sent and sent.status == "pending" else None),
        tuple(f"{each}: {REASONS[each].meaning}" for each in item.warnings) if item else (),
        is_doubtful(said, sent),
    )


def _skip(book: Book, found: Considered, item_id: str, why: Skipped, now: Now) -> None:
    """Say once that an item was wanted and cannot be listed; what Meta still has of it is deleted first."""
    said, sent = _digest_of(why), book.ledger.get(item_id)
    if sent is not None and (sent.is_at_meta or sent.digest == said):
        return
    skipped = Sent(why.product_id, "skipped", said, now.ms)
    meaning = REASONS[why.reason].meaning if why.reason in REASONS else None
    verdict = Verdict("skipped", meaning, why.reason, why.suggestion or None)
    _say(book, found, of_nothing_sent(book.place, item_id, skipped, verdict, now.ms))


def _say(book: Book, found: Considered, receipt: ProductReceipt) -> None:
    book.ledger.put(receipt["item_id"], sent_of(receipt))
    found.receipts.append(receipt)


def _digest_of(why: Skipped) -> int:
    text = f"{why.reason}|{why.field}|{why.others}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
