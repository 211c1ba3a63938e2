"""What visits at hand did, in memory: enriched events go in, what a visit or a person looked at comes out. Pure.

The api follows `events.enriched` from two hours back, so a page is answered from what its visitor did a moment ago, and
ClickHouse is not asked. A visit that began before that is not known whole: ask ClickHouse for it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from schemas.records import EnrichedEnvelope, EnrichedEvent, EpochMillis

TELLING: Final = frozenset(("product_viewed", "product_added_to_cart", "product_removed_from_cart", "purchase"))
MOST_VISITS: Final = 200_000
"""Visits kept, the ones touched last: some 600 bytes each with three products."""
MOST_PEOPLE: Final = 200_000
MOST_DONE: Final = 200
"""What is kept of one visit, or one person: the latest."""

Key = tuple[str, str]
Value = TypeVar("Value")


class Done(NamedTuple):
    """Something done with a product, in the order it compares: by the visitor's time, then as sent."""

    at: EpochMillis
    seq: int
    event_id: str
    number: int
    name: str
    product: str


class AtHand:
    """The visits of all shops since *since* (ms). One thread writes, others may read."""

    def __init__(self, since: EpochMillis) -> None:
        """Know nothing yet."""
        self._since = since
        self._visits: OrderedDict[Key, dict[tuple[str, int], Done]] = OrderedDict()
        self._people: OrderedDict[Key, dict[tuple[str, int], Done]] = OrderedDict()
        self._whole: OrderedDict[Key, bool] = OrderedDict()

    def take(self, envelope: EnrichedEnvelope) -> None:
        """Take what stitching said; the same event twice is once."""
        for session in envelope["sessions"]:
            whole = session["started_at"] >= self._since
            _touch(self._whole, (session["shop_id"], session["session_id"]), whole, MOST_VISITS)
        for enriched in envelope["events"]:
            if enriched["event"]["name"] in TELLING:
                self._note(enriched)

    def visit(self, shop: str, session: str) -> list[tuple[str, str]] | None:
        """List what the visit did with which product, in order of time; None where it is not known whole."""
        if not self._whole.get((shop, session)):
            return None
        return _in_order(self._visits.get((shop, session), {}).values())

    def person(self, shop: str, person: str) -> list[tuple[str, str]]:
        """List what the person, or the browser, of this id did lately, in order of time."""
        return _in_order(self._people.get((shop, person), {}).values())

    def _note(self, enriched: EnrichedEvent) -> None:
        event = enriched["event"]
        done = {
            (event["event_id"], number): Done(
                event["occurred_at"], event["seq"] or 0, event["event_id"], number, event["name"], item["product_id"]
            )
            for number, item in enumerate(event["items"])
            if item["product_id"]
        }
        if not done:
            return
        shop = event["shop_id"]
        _add(self._visits, (shop, enriched["session_id"]), done, MOST_VISITS)
        for person in {enriched["person_id"], event["visitor_id"]}:
            _add(self._people, (shop, person), done, MOST_PEOPLE)


def _add(
    kept: OrderedDict[Key, dict[tuple[str, int], Done]], key: Key, done: dict[tuple[str, int], Done], most: int
) -> None:
    known = kept.get(key, {}) | done
    for oldest in sorted(known, key=known.__getitem__)[: max(0, len(known) - MOST_DONE)]:
        del known[oldest]
    _touch(kept, key, known, most)


def _touch(kept: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)


def _in_order(done: Iterable[Done]) -> list[tuple[str, str]]:
    return [(each.name, each.product) for each in sorted(done)]
