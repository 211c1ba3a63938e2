"""A catalog ends as its shop wants it: whatever changes, in whatever order Meta answers, wherever a kill falls."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.meta.catalog.answers import Progress
from connectors.meta.catalog.items import CatalogItem, Listing
from schemas.catalog_records import ProductReceipt
from streams.cataloguing.book import Book, Flight
from streams.cataloguing.considering import Now, considered
from streams.cataloguing.ledger import Ledger
from streams.cataloguing.queues import Turn
from streams.cataloguing.receipts import DELETED, Order, Said, Verdict, of_order, order_of, sent_of
from streams.cataloguing.verdicts import of_progress
from streams.rules.catalog_items import difference
from tests.builders import NOON, a_shop
from tests.listed import a_catalog

REFUSED = 13
PRODUCTS, ITEMS = ["p1", "p2"], ["a", "b"]
Wanted = dict[str, int]
"""Item -> what is to be said of it."""


class Shop:
    """A shop, its catalog at Meta, the receipts on Kafka, and a leader that is killed now and then.

    Meta does batches in any order, and refuses to say `REFUSED` of an item.
    """

    def __init__(self) -> None:
        self.wanted: dict[str, Wanted] = {}
        self.at_meta: Wanted = {}
        self.log: dict[str, ProductReceipt] = {}
        self.batches: list[tuple[str, list[Order]]] = []
        self.done: dict[str, frozenset[str]] = {}
        self.sent = 0
        self.restart()

    def restart(self) -> None:
        """Begin as a new process does: by the receipts, looking at every product."""
        self.unconfirmed: set[str] = set()
        self.book = Book(a_shop(), a_catalog(), 0, knows=lambda product: product in self.wanted)
        for receipt in self.log.values():
            self.book.ledger.put(receipt["item_id"], sent_of(receipt))
        for item_id, sent in self.book.ledger.items():
            if sent.handle is not None:
                flight = self.book.flights.setdefault(sent.handle, Flight(sent.handle, [], 0))
                flight.orders.append(order_of(item_id, sent))
                self.book.in_air.add(item_id)
        self.book.queue.look_through(self.wanted)

    def change(self, product: str, items: Wanted) -> None:
        self.wanted[product] = items
        self.book.queue.mark(product)

    def send(self, killed_after: str = "") -> int:
        """Look at everything that waits and send what differs; returns how much that is."""
        orders: list[Order] = []
        while (turn := self.book.queue.pop()) is not None:
            found = considered(self.book, turn, self.listing(turn.product_id), Now(NOON, 0.0))
            orders += found.orders
            self.book.in_air.update(order.item_id for order in found.orders)
            self._write(found.receipts)
        if not orders:
            return 0
        self._write([of_order(self.book.place, order, Verdict("pending")) for order in orders])
        if killed_after == "intent":
            self.restart()
            return len(orders)
        self.sent += 1
        handle = f"h{self.sent}"
        self.batches.append((handle, orders))
        if killed_after == "request":
            self.restart()
            return len(orders)
        self._write([of_order(self.book.place, order, Verdict("pending"), Said(handle=handle)) for order in orders])
        self.book.flights[handle] = Flight(handle, orders, 0)
        if killed_after == "handle":
            self.restart()
        return len(orders)

    def do_at_meta(self, number: int = 0) -> None:
        """Have Meta do one of its batches."""
        if not self.batches:
            return
        handle, orders = self.batches.pop(number % len(self.batches))
        refused = frozenset(order.item_id for order in orders if order.digest is not None and _said(order) == REFUSED)
        for order in orders:
            if order.digest is None:
                self.at_meta.pop(order.item_id, None)
            elif order.item_id not in refused:
                self.at_meta[order.item_id] = _said(order)
        self.done[handle] = refused

    def land(self, *, killed: bool = False) -> None:
        """Ask how batches stand, and settle what is done."""
        for handle, flight in list(self.book.flights.items()):
            if handle not in self.done:
                continue
            if killed:
                self.restart()
                return
            refused = self.done[handle]
            progress = Progress("finished", {}, refused, len(refused))
            verdicts = {order: of_progress(order, progress, 5) for order in flight.orders}
            for order, verdict in verdicts.items():
                if order.doubtful and verdict.status in ("accepted", DELETED):
                    verdicts[order] = Verdict("pending")
                    self.unconfirmed.add(order.product_id)
            self._write(
                [of_order(self.book.place, order._replace(doubtful=False), each) for order, each in verdicts.items()]
            )
            for order in flight.orders:
                self.book.release(order.item_id, order.product_id)
            del self.book.flights[handle]

    def settle(self) -> None:
        """Go on, unharmed, until there is nothing to do."""
        for _ in range(100):
            sent = self.send()
            while self.batches:
                self.do_at_meta(-1)
            self.land()
            for product in self.unconfirmed:  # everything that was ever sent is over now
                self.book.queue.mark(product)
            self.unconfirmed.clear()
            if not sent and not len(self.book.queue):
                return
        raise AssertionError("it never ends")

    def listing(self, product: str) -> Listing:
        items = self.wanted.get(product, {})
        listed = [CatalogItem(each, product, NOON, {"id": each, "said": said}) for each, said in items.items()]
        return Listing(listed, [], [])

    def _write(self, receipts: list[ProductReceipt]) -> None:
        for receipt in receipts:
            self.log[receipt["item_id"]] = receipt
            self.book.ledger.put(receipt["item_id"], sent_of(receipt))


def _said(order: Order) -> int:
    return int(order.body.rpartition(b'"said":')[2].split(b"}")[0].split(b",")[0])


WANTED = st.dictionaries(st.sampled_from(ITEMS), st.integers(11, 13), max_size=2)
STEPS = st.one_of(
    st.tuples(st.just("change"), st.sampled_from(PRODUCTS), WANTED),
    st.tuples(st.just("send"), st.sampled_from(["", "", "intent", "request", "handle"])),
    st.tuples(st.just("do_at_meta"), st.integers(0, 2)),
    st.tuples(st.just("land"), st.booleans()),
    st.tuples(st.just("restart")),
)


def play(steps: list[tuple[Any, ...]]) -> Shop:
    shop = Shop()
    for name, *said in steps:
        if name == "land":
            shop.land(killed=said[0])
        else:
            getattr(shop, name)(*said)
    return shop


TAKEN_BACK = [
    ("change", "p1", {"a": 11}),
    ("send", ""),
    ("do_at_meta", 0),
    ("land", False),
    ("change", "p1", {"a": 12}),
    ("send", "request"),
    ("change", "p1", {"a": 11}),
]
"""A change is with Meta, nobody knows, and the shop takes it back: Meta may do it after what takes it back."""


TAKEN_BACK_TWICE = [
    ("change", "p1", {"a": 11}),
    ("send", "request"),
    ("change", "p1", {}),
    ("send", "intent"),
]
"""What takes back a change that is with Meta is itself lost on its way, and sent again."""


TWO_WANT_IT = [
    ("change", "p1", {"a": 11}),
    ("change", "p2", {"a": 12}),
    ("send", ""),
    ("do_at_meta", 0),
    ("land", False),
    ("change", "p1", {}),
]
"""One id is wanted by two products at once, and the one that has it lets it go."""


@settings(max_examples=300)
@example(TAKEN_BACK)
@example(TAKEN_BACK_TWICE)
@example(TWO_WANT_IT)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_the_catalog_ends_as_the_shop_wants_it(steps: list[tuple[Any, ...]]) -> None:
    shop = play(steps)

    shop.settle()

    claims: dict[str, set[int]] = {}
    for items in shop.wanted.values():
        for item_id, said in items.items():
            claims.setdefault(item_id, set()).add(said)
    certain = {item_id: said for item_id, said in claims.items() if REFUSED not in said}
    assert certain.keys() <= shop.at_meta.keys() <= claims.keys()
    assert all(shop.at_meta[item_id] in said for item_id, said in certain.items())


@settings(max_examples=200)
@given(st.lists(STEPS, max_size=25))
def test_what_is_settled_is_not_sent_again_by_a_new_leader(steps: list[tuple[Any, ...]]) -> None:
    shop = play(steps)
    shop.settle()

    shop.restart()

    assert shop.send() == 0


@given(st.integers(1, 5))
def test_nothing_differs_from_itself_and_everything_from_nothing(digest: int) -> None:
    ledger = Ledger()
    assert difference(digest, ledger.get("a")) == "CREATE"
    assert difference(None, ledger.get("a")) is None
    assert considered(Book(a_shop(), a_catalog(), 0), Turn("p"), Listing([], [], []), Now(NOON, 0.0)).orders == []
