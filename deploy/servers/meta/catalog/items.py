"""The items of one catalog: by the retailer's id, and in the order in which pages of them are read."""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Note = Callable[[dict[str, object]], None]


@dataclass(slots=True)
class Item:
    """One item. `number` is the id that the Graph API knows it by; `feed_id` that of the feed it came by."""

    number: int
    retailer_id: str
    fields: dict[str, object]
    updated_at: float
    feed_id: str | None = None
    errors: tuple[str, ...] = ()


class Items:
    """Items by retailer's id; their numbers grow with time. *note* is told of every change."""

    def __init__(self, note: Note = lambda _: None) -> None:
        self._note = note
        self._by_id: dict[str, Item] = {}
        self._by_number: dict[int, Item] = {}
        self._order: list[int] | None = []

    def get(self, retailer_id: str) -> Item | None:
        """Find an item by the retailer's id."""
        return self._by_id.get(retailer_id)

    def numbered(self, number: int) -> Item | None:
        """Find an item by its number."""
        return self._by_number.get(number)

    def add(self, item: Item) -> None:
        """Add a new item."""
        self._by_id[item.retailer_id] = self._by_number[item.number] = item
        if self._order is not None:
            insort(self._order, item.number)
        self._note(line_of(item))

    def change(self, item: Item, fields: dict[str, object], *, at: float, feed_id: str | None = None) -> None:
        """Give an item other *fields*; nothing is wrong with it any more."""
        item.fields, item.updated_at, item.errors = fields, at, ()
        item.feed_id = feed_id or item.feed_id
        self._note(line_of(item))

    def remove(self, retailer_id: str) -> bool:
        """Remove an item; tells whether it was there."""
        item = self._by_id.pop(retailer_id, None)
        if item is None:
            return False
        del self._by_number[item.number]
        self._order = None
        self._note({"gone": retailer_id})
        return True

    def page(self, *, after: int, limit: int) -> list[Item]:
        """List *limit* items from the number *after* on."""
        if self._order is None:
            self._order = sorted(self._by_number)
        start = bisect_right(self._order, after)
        return [self._by_number[number] for number in self._order[start : start + limit]]

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)


def line_of(item: Item) -> dict[str, object]:
    """Say an item as the state file has it."""
    return {"item": {name: getattr(item, name) for name in Item.__slots__}}


def merged(old: Item | None, fields: Mapping[str, object]) -> dict[str, object]:
    """Lay *fields* over those of *old*; an empty one takes away what was there."""
    whole = (old.fields if old is not None else {}) | dict(fields)
    return {name: value for name, value in whole.items() if value or value is False or value == 0}
