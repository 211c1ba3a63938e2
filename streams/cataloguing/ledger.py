"""What one catalog's receipts say: the last of every item, found by item and by product; in memory, thin."""

from collections import Counter
from collections.abc import Iterator

from streams.rules.catalog_items import Sent


class Ledger:
    """The items of one catalog that Meta may have, or that were skipped. Deleted ones are not kept."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sent: dict[str, Sent] = {}
        self._of_product: dict[str, str | tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._sent)

    def get(self, item_id: str) -> Sent | None:
        """Return the last receipt of an item."""
        return self._sent.get(item_id)

    def put(self, item_id: str, sent: Sent | None) -> None:
        """Keep the last receipt of an item; None when Meta has it no more."""
        before = self._sent.get(item_id)
        if before is not None and (sent is None or before.product_id != sent.product_id):
            self._leave(before.product_id, item_id)
        if sent is None:
            self._sent.pop(item_id, None)
            return
        self._sent[item_id] = sent
        if before is None or before.product_id != sent.product_id:
            self._join(sent.product_id, item_id)

    def of_product(self, product_id: str) -> tuple[str, ...]:
        """Return the items of a product."""
        found = self._of_product.get(product_id, ())
        return (found,) if isinstance(found, str) else found

    def items(self) -> Iterator[tuple[str, Sent]]:
        """Yield every item as it is now."""
        return iter(list(self._sent.items()))

    def count(self, job_id: str) -> Counter[str]:
        """Count the items that the run *job_id* sent last, by status."""
        return Counter(sent.status for sent in self._sent.values() if sent.job_id == job_id)

    def _join(self, product_id: str, item_id: str) -> None:
        others = self.of_product(product_id)
        self._of_product[product_id] = (*others, item_id) if others else item_id

    def _leave(self, product_id: str, item_id: str) -> None:
        left = tuple(each for each in self.of_product(product_id) if each != item_id)
        if not left:
            self._of_product.pop(product_id, None)
        else:
            self._of_product[product_id] = left if len(left) > 1 else left[0]
