"""The catalogs of the stand-in: items, batches, how often they were called, what is odd about the calls."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import ceil
from typing import Any, Final

from deploy.servers.meta.behaviours import Quota
from deploy.servers.meta.catalog.batches import Batch
from deploy.servers.meta.catalog.feeds import Feed, Upload
from deploy.servers.meta.catalog.items import Item, Items, Note, line_of
from deploy.servers.meta.catalog.journal import CatalogJournal

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
    note: Note = lambda _: None
    _waiting: list[Batch] = field(default_factory=list)

    def put_feed(self, feed: Feed) -> None:
        """Keep *feed* as it is now."""
        self.feeds[feed.feed_id] = feed
        self.note(_line_of(feed))

    def drop_feed(self, feed_id: str) -> None:
        """Forget a feed; its items stay."""
        self.feeds.pop(feed_id, None)
        self.note({"feed_gone": feed_id})

    def connect(self, pixels: Iterable[str]) -> None:
        """Look at the events of *pixels* and no others."""
        self.pixels = sorted(pixels)
        self.note({"pixels": self.pixels})

    def take(self, batch: Batch, digest: str) -> None:
        """Take *batch*, whose request body has *digest*."""
        ids = batch.item_ids()
        under_way = {item_id for waiting in self._waiting for item_id in waiting.item_ids()}
        self.overlaps += len(under_way.intersection(ids))
        self.repeats_in_batch += len(ids) - len(set(ids))
        self.seen_requests[digest] += 1
        self.batches[batch.handle] = batch
        self._waiting.append(batch)

    def lines(self) -> Iterator[dict[str, object]]:
        """Say what is in it as the state file does."""
        yield {"pixels": self.pixels}
        yield from map(_line_of, self.feeds.values())
        for item in self.items:
            yield line_of(item)

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
    _journal: CatalogJournal | None = None

    def restore(self, journal: CatalogJournal) -> None:
        """Take what an earlier process left in *journal*, and keep changes there from now on."""
        highest = _FIRST_NUMBER - 1
        for line in journal.lines():
            highest = max(highest, _restored(self._made(line["catalog"]), line))
        self._numbers = count(highest + 1)
        journal.begin_anew((name, line) for name, each in self.by_id.items() for line in each.lines())
        self._journal = journal

    def of(self, catalog_id: str, now: float) -> Catalog:
        """Find the catalog *catalog_id* as it is at *now*."""
        catalog = self._made(catalog_id)
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
        if self._journal is not None:
            self._journal.begin_anew()

    def _made(self, catalog_id: str) -> Catalog:
        catalog = self.by_id.get(catalog_id)
        if catalog is None:
            note = partial(self._note, catalog_id)
            catalog = Catalog(catalog_id, lambda: next(self._numbers), Items(note), note=note)
            self.by_id[catalog_id] = catalog
        return catalog

    def _note(self, catalog_id: str, change: dict[str, object]) -> None:
        if self._journal is not None:
            self._journal.note(catalog_id, change)


def _line_of(feed: Feed) -> dict[str, object]:
    return {"feed": {"feed_id": feed.feed_id, "settings": feed.settings, "created_time": feed.created_time}}


def _restored(catalog: Catalog, line: Mapping[str, Any]) -> int:
    """Do what *line* says, and tell the number of what it is about."""
    if "item" in line:
        item = Item(**line["item"])
        catalog.items.remove(item.retailer_id)
        catalog.items.add(item)
        return item.number
    if "feed" in line:
        catalog.feeds[line["feed"]["feed_id"]] = Feed(**line["feed"])
        return int(line["feed"]["feed_id"])
    if "gone" in line:
        catalog.items.remove(line["gone"])
    catalog.feeds.pop(line.get("feed_gone", ""), None)
    catalog.pixels = line.get("pixels", catalog.pixels)
    return 0
