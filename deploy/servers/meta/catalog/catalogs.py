"""The catalogs of the stand-in: items, batches, how often they were called, what is odd about the calls."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from typing import Final

from deploy.servers.meta.behaviours import Quota
from deploy.servers.meta.catalog.batches import Batch
from deploy.servers.meta.catalog.feeds import Feed, Upload
from deploy.servers.meta.catalog.items import Item, Items

_FIRST_NUMBER: Final = 7_000_000_000_000_001
_ROLLING_SECONDS: Final = 60


@dataclass
class Calls:
    """When one kind of calls came, as far as a rolling window needs it. Calls that were refused count too."""

    times: deque[float] = field(default_factory=deque)

    def count(self, quota: Quota, now: float) -> int:
        """Count one more call at *now*; tells how many there were in the window."""
        self.times.append(now)
        while self.times[0] <= now - quota.window_seconds:
            self.times.popleft()
        return len(self.times)

    def minutes_to_regain(self, quota: Quota, now: float) -> int:
        """Tell when fewer calls than allowed are in the window."""
        over = len(self.times) - quota.calls
        if over < 0 or quota.window_seconds < _ROLLING_SECONDS:
            return 0
        return ceil((self.times[over] + quota.window_seconds - now) / 60)


@dataclass
class Catalog:
    """One catalog. *number* gives ids to what is made in it."""

    catalog_id: str
    number: Callable[[], int]
    items: Items = field(default_factory=Items)
    batches: dict[str, Batch] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    pixels: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    limited: dict[str, Calls] = field(default_factory=dict)
    seen_requests: Counter[str] = field(default_factory=Counter)
    overlaps: int = 0
    repeats_in_batch: int = 0
    _waiting: list[Batch] = field(default_factory=list)

    def take(self, batch: Batch, digest: str) -> None:
        """Take *batch*, whose request body has *digest*."""
        ids = batch.item_ids()
        under_way = {item_id for waiting in self._waiting for item_id in waiting.item_ids()}
        self.overlaps += len(under_way.intersection(ids))
        self.repeats_in_batch += len(ids) - len(set(ids))
        self.seen_requests[digest] += 1
        self.batches[batch.handle] = batch
        self._waiting.append(batch)

    def settle(self, now: float) -> None:
        """Apply the batches that are due at *now*."""
        due = [batch for batch in self._waiting if batch.ends_at <= now]
        if due:
            self._waiting = [batch for batch in self._waiting if batch.ends_at > now]
        for batch in sorted(due, key=lambda batch: batch.ends_at):
            batch.apply(self.items, self.number)


@dataclass
class Catalogs:
    """Every catalog, made when it is first called; and everything in them that has a number of its own."""

    by_id: dict[str, Catalog] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(_FIRST_NUMBER))

    def of(self, catalog_id: str, now: float) -> Catalog:
        """Find the catalog *catalog_id* as it is at *now*."""
        catalog = self.by_id.get(catalog_id)
        if catalog is None:
            catalog = self.by_id[catalog_id] = Catalog(catalog_id, lambda: next(self._numbers))
        catalog.settle(now)
        return catalog

    def settle(self, now: float) -> None:
        """Apply every batch that is due."""
        for catalog in self.by_id.values():
            catalog.settle(now)

    def item(self, number: str) -> tuple[Catalog, Item] | None:
        """Find an item by its number."""
        for catalog in self.by_id.values() if number.isdecimal() else ():
            item = catalog.items.numbered(int(number))
            if item is not None:
                return catalog, item
        return None

    def feed(self, number: str) -> tuple[Catalog, Feed] | None:
        """Find a feed by its number."""
        for catalog in self.by_id.values():
            if number in catalog.feeds:
                return catalog, catalog.feeds[number]
        return None

    def upload(self, number: str) -> tuple[Catalog, Upload] | None:
        """Find a feed's upload by its number."""
        for catalog in self.by_id.values():
            for feed in catalog.feeds.values():
                if number in feed.uploads:
                    return catalog, feed.uploads[number]
        return None

    def clear(self) -> None:
        """Forget every catalog. Numbers go on."""
        self.by_id.clear()
