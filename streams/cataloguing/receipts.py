"""Receipts of catalog items: written as each step is taken, and read back as what matters of them; pure."""

from typing import Final, NamedTuple

from schemas.catalog_records import Catalog, ProductReceipt
from schemas.records import EpochMillis
from streams.rules.catalog_items import Method, Sent

DELETED: Final = "deleted"
MOST_WARNINGS: Final = 20
LONGEST_TEXT: Final = 500


class Place(NamedTuple):
    """A catalog, as receipts name it."""

    shop_id: str
    catalog: str
    catalog_id: str

    @property
    def key(self) -> str:
        """What its runs are kept under, and its partition is of."""
        return f"{self.shop_id}|{self.catalog}"


class Order(NamedTuple):
    """One item on its way. *digest* and *body*: of what is sent. *wanted_at*: when we were told; 0 for a run's own.

    *warnings*: what we know could be better before Meta says anything. *doubtful*: see `catalog_items.is_doubtful`.
    """

    item_id: str
    product_id: str
    method: Method
    digest: int | None
    body: bytes
    changed_at: EpochMillis
    wanted_at: EpochMillis
    attempts: int
    failures: int
    reason: str | None = None
    suggestion: str | None = None
    job_id: str | None = None
    warnings: tuple[str, ...] = ()
    doubtful: bool = False


class Verdict(NamedTuple):
    """What became of an item, in Meta's words and ours."""

    status: str
    message: str | None = None
    reason: str | None = None
    suggestion: str | None = None
    warnings: tuple[str, ...] = ()


class Said(NamedTuple):
    """When and how an order was sent, as far as it is known."""

    handle: str | None = None
    sent_at: EpochMillis | None = None
    finished_at: EpochMillis | None = None


NOTHING_SAID: Final = Said()


def place_of(shop_id: str, catalog: Catalog) -> Place:
    """Name a catalog."""
    return Place(shop_id, catalog["name"], catalog["catalog_id"])


def key_of(receipt: ProductReceipt) -> bytes:
    """Name the item: one key, one state."""
    return f"{receipt['shop_id']}|{receipt['catalog']}|{receipt['item_id']}".encode()


def order_of(item_id: str, sent: Sent) -> Order:
    """Rebuild what is known of an item that was sent, or is to be sent again."""
    method: Method = "DELETE" if sent.digest is None else "UPDATE"
    known = sent.changed_at, 0, sent.attempts, sent.failures
    return Order(item_id, sent.product_id, method, sent.digest, b"", *known, job_id=sent.job_id, doubtful=sent.doubtful)


def of_order(place: Place, order: Order, verdict: Verdict, said: Said = NOTHING_SAID) -> ProductReceipt:
    """Say where *order* stands."""
    failed = verdict.status == "rejected"
    return ProductReceipt(
        shop_id=place.shop_id,
        catalog_id=place.catalog_id,
        item_id=order.item_id,
        product_id=order.product_id,
        status=verdict.status,
        message=_short(verdict.message),
        suggestion=verdict.suggestion or order.suggestion,
        handle=said.handle,
        job_id=order.job_id,
        changed_at=order.changed_at,
        sent_at=said.sent_at,
        finished_at=said.finished_at,
        catalog=place.catalog,
        method=order.method,
        reason=verdict.reason or order.reason,
        warnings=[each[:LONGEST_TEXT] for each in (*order.warnings, *verdict.warnings)[:MOST_WARNINGS]],
        attempts=order.attempts,
        failures=order.failures + 1 if failed else order.failures if verdict.status == "pending" else 0,
        payload_hash=None if order.digest is None else f"{order.digest:016x}",
        doubtful=order.doubtful and verdict.status == "pending",
    )


def of_nothing_sent(place: Place, item_id: str, sent: Sent, verdict: Verdict, now: EpochMillis) -> ProductReceipt:
    """Say what became of an item for which nothing is sent: it was skipped, or needs no skipping any more."""
    order = Order(item_id, sent.product_id, "DELETE", sent.digest, b"", sent.changed_at, 0, 0, 0)
    return {**of_order(place, order, verdict), "method": "", "finished_at": now}


def sent_of(receipt: ProductReceipt) -> Sent | None:
    """Read what matters of a receipt; None when Meta does not have the item any more."""
    status = receipt["status"]
    if status not in ("pending", "accepted", "rejected", "skipped"):
        return None
    hashed = receipt["payload_hash"]
    return Sent(
        receipt["product_id"],
        status,  # type: ignore[arg-type]
        int(hashed, 16) if hashed else None,
        receipt["changed_at"],
        receipt["handle"] if status == "pending" else None,
        receipt["job_id"],
        receipt["attempts"],
        receipt["failures"],
        receipt["doubtful"],
    )


def _short(message: str | None) -> str | None:
    return message[:LONGEST_TEXT] if message else None
