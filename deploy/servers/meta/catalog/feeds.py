"""
Feeds of a catalog and their uploads: rows of a file in, items changed and what is said of them out.

A row at fault leaves its item as it was. A file that replaces deletes the items that came by the same feed and are not
in it; one that only updates never deletes. Not documented, so chosen here: a file without any row, or that cannot be
read to its end, deletes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.servers.meta.catalog.batches import Fault
from deploy.servers.meta.catalog.item_rules import judge, missing, unrecognised
from deploy.servers.meta.catalog.items import Item, Items

SAMPLES: Final = 5
"""Rows that are shown of one kind of error; all of them are counted."""
_WHERE: Final = "A row of the feed"


@dataclass
class FeedError:
    """One kind of error of an upload: how often, and the first few rows it was seen in."""

    error_id: str
    message: str
    severity: str
    total: int = 0
    samples: list[Mapping[str, object]] = field(default_factory=list)


@dataclass
class Upload:
    """One reading of a feed; `end_time` is `None` while it runs. Times are Unix seconds."""

    upload_id: str
    url: str
    input_method: str
    start_time: float
    update_only: bool = False
    end_time: float | None = None
    detected: int = 0
    persisted: int = 0
    invalid: int = 0
    deleted: int = 0
    problems: dict[str, FeedError] = field(default_factory=dict)

    def note(self, message: str, severity: str, row: int, item_id: str) -> None:
        """Count one problem of a row."""
        number = f"{self.upload_id}{len(self.problems):03}"
        problem = self.problems.setdefault(message, FeedError(number, message, severity))
        problem.total += 1
        if len(problem.samples) < SAMPLES:
            problem.samples.append({"row_number": row, "retailer_id": item_id, "id": f"{number}{problem.total}"})

    def count(self, severity: str) -> int:
        """Count the problems of *severity*."""
        return sum(problem.total for problem in self.problems.values() if problem.severity == severity)


@dataclass
class Feed:
    """One feed. `settings` is what it was made with, of which passwords are never shown."""

    feed_id: str
    settings: dict[str, object]
    created_time: float
    uploads: dict[str, Upload] = field(default_factory=dict)


@dataclass
class Reading:
    """One upload under way: takes the rows of the file, then what is gone."""

    feed: Feed
    upload: Upload
    items: Items
    number: Callable[[], int]
    now: float
    fault: Fault

    def take(self, rows: Iterable[Mapping[str, object]], *, complete: bool) -> None:
        """Take all *rows*; *complete*: the file was read to its end."""
        listed = list(rows)
        times = Counter(str(row.get("id", "")) for row in listed)
        for line, row in enumerate(listed, start=1):
            self._take_row(line, row, repeated=times[str(row.get("id", ""))] > 1)
        self.upload.detected = len(listed)
        if listed and complete and not self.upload.update_only and self.feed.settings.get("deletion_enabled", True):
            self._delete_all_but(times)
        self.upload.end_time = self.now

    def _take_row(self, line: int, row: Mapping[str, object], *, repeated: bool) -> None:
        item_id = str(row.get("id", ""))
        errors, warnings = self.fault(item_id)
        verdict = judge(row)
        errors = [*errors, *_nameless(item_id, repeated=repeated), *missing(_WHERE, row), *verdict.errors]
        for message in errors:
            self.upload.note(message, "fatal", line, item_id)
        for message in [*warnings, *unrecognised(_WHERE, row), *verdict.warnings]:
            self.upload.note(message, "warning", line, item_id)
        old = self.items.get(item_id)
        if errors:
            self.upload.invalid += 1
            if old is not None:
                old.errors = tuple(errors)
            return
        self.upload.persisted += 1
        self._store(old, item_id, dict(row))

    def _store(self, old: Item | None, item_id: str, fields: dict[str, object]) -> None:
        if old is None:
            self.items.add(Item(self.number(), item_id, fields, self.now, self.feed.feed_id))
        else:
            self.items.change(old, fields, at=self.now, feed_id=self.feed.feed_id)

    def _delete_all_but(self, there: Mapping[str, int]) -> None:
        for item in self.items:
            if item.feed_id == self.feed.feed_id and item.retailer_id not in there:
                self.items.remove(item.retailer_id)
                self.upload.deleted += 1


def _nameless(item_id: str, *, repeated: bool) -> list[str]:
    if not item_id:
        return [f"Missing required field: {_WHERE} is missing required field: 'id'"]
    return ["Duplicate ID: The same id is in several rows, all of which are ignored"] if repeated else []
