"""Random receipts, runs and stock of two catalogs at Meta, beside the random weeks."""

import random
from typing import Any, Final

from schemas.catalog_records import ProductReceipt, SyncJob
from schemas.records import ProductChange
from tests.builders import a_product_change
from tests.oracles.weeks import END, HOUR, Weeks
from tests.synced import a_product_receipt, a_sync_job

VARIANT: Final = "43751530397931"
"""Of every product of the weeks."""


class Catalogs:
    """Two catalogs of a shop: `main` has a product an item, `variants` names items `g-PRODUCT-VARIANT`."""

    def __init__(self, weeks: Weeks, seed: int) -> None:
        self.weeks, self.chance = weeks, random.Random(seed)
        self.products: list[ProductChange] = []
        told: list[ProductReceipt] = []
        for product in ("p0", "p1", "p2", "p3"):
            told += self._history("main", product, product)
            told += self._history("variants", f"g-{product}-{VARIANT}", product)
        told += [each for number in range(20) for each in self._history("main", f"p9{number}", f"p9{number}")]
        self.receipts = sorted(told, key=lambda each: each["finished_at"] or each["sent_at"] or each["changed_at"])
        self.jobs = [self._job(number) for number in range(30)]
        # p1 is counted at two places; one says how many, and the product itself something else.
        self.products += [self._product("p0", 0), self._product("p1", 7), self._product("p2", None)]
        self.levels = [_level("stock-p1", "a", 0, END - HOUR), _level("stock-p1", "b", 4, END - 2 * HOUR)]
        self.levels.append(_level("stock-p1", "b", 0, END - HOUR))

    def last(self, catalog: str) -> list[ProductReceipt]:
        """List the items as they are."""
        kept = {(each["catalog"], each["item_id"]): each for each in self.receipts}
        return [each for each in kept.values() if catalog in (each["catalog"], "*")]

    def _history(self, catalog: str, item_id: str, product_id: str) -> list[ProductReceipt]:
        chance, told, failures = self.chance, list[ProductReceipt](), 0
        times = sorted(END - chance.randrange(1, 40 * 24) * HOUR for _ in range(chance.randrange(1, 6)))
        for at in times:
            same: Any = {"catalog": catalog, "item_id": item_id, "product_id": product_id}
            same |= {"changed_at": self._changed(product_id, at), "job_id": chance.choice([None, None, "j01", "gone"])}
            same |= {"sent_at": at, "method": chance.choice(["CREATE", "UPDATE", "DELETE"])}
            if chance.random() < 0.15:
                told.append(a_product_receipt(**same | {"status": "skipped", "reason": "no_price", "finished_at": at}))
                continue
            told.append(a_product_receipt(**same, status="pending") | {"finished_at": None})
            status = "deleted" if same["method"] == "DELETE" else "accepted"
            status = chance.choice([status, status, "rejected", ""])
            failures = failures + 1 if status == "rejected" else 0 if status else failures
            for seconds in (2, 3)[: chance.choice([1, 1, 2])] if status else ():  # a crash tells it twice
                told.append(
                    a_product_receipt(
                        **same,
                        status=status,
                        failures=failures,
                        reason="image_not_fetched" if status == "rejected" else None,
                        warnings=["too small"] * chance.randrange(2),
                        finished_at=at + seconds * 1000,
                    )
                )
        return told

    def _changed(self, product_id: str, at: int) -> int:
        """Change a product a little earlier; of those from p90 on, a pull tells of some, hours after they changed."""
        if len(product_id) == 2 or self.chance.random() < 0.5:
            return at - self.chance.randrange(1, 9_000)
        changed = at - 3 * HOUR
        pulled = {"occurred_at": changed, "received_at": at - self.chance.randrange(1, 9_000)}
        self.products.append(a_product_change(product_id=product_id, **pulled))
        return changed

    def _job(self, number: int) -> SyncJob:
        chance, at = self.chance, END - self.chance.randrange(1, 50 * 24) * HOUR
        running = chance.random() < 0.2
        return a_sync_job(
            job_id=f"j{number:02}",
            catalog=chance.choice(["main", "variants"]),
            kind=chance.choice(["full", "retry"]),
            state="running" if running else chance.choice(["finished", "failed"]),
            started_at=at,
            updated_at=at + 5_000,
            finished_at=None if running else at + chance.randrange(1, 90_000),
            accepted=chance.randrange(9),
            rejected=chance.randrange(3),
        )

    def _product(self, product_id: str, quantity: int | None) -> ProductChange:
        change = a_product_change(product_id=product_id)
        assert change["product"] is not None
        (variant,) = change["product"]["variants"]
        variant |= {"inventory_quantity": quantity, "inventory_item_id": f"stock-{product_id}"}
        return change


def _level(item: str, location: str, available: int, at: int) -> ProductChange:
    level: Any = {"inventory_item_id": item, "location_id": location, "available": available}
    return a_product_change(product=None, action="inventory", inventory=level, occurred_at=at)
