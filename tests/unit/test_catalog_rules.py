"""What is in force, what differs from it at Meta, when a catalog is looked through, and what a run may delete."""

from typing import Any

import pytest

from schemas.catalog_records import SyncJob
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.heads import Heads
from schemas.records import ProductChange
from streams.cataloguing.ledger import Ledger
from streams.cataloguing.products import Products
from streams.cataloguing.queues import Queue, Turn
from streams.rules.catalog_items import Sent, attempts_of, difference, raises_alert, retry_seconds
from streams.rules.catalog_runs import DAY_MS, is_due, may_delete_orphans, next_run
from streams.rules.products_in_force import Told
from tests.builders import NOON, a_shop
from tests.listed import a_bracelet, a_catalog
from tests.synced import a_sync_job

CODEC = Codec.from_lock()
PRODUCT = "7992983748843"


class Written:
    """A record of products.changed."""

    def __init__(self, change: ProductChange, key: bytes = b"demo|7992983748843") -> None:
        self.key, self.value, self.partition, self.offset = key, CODEC.encode("ProductChange", change), 3, 0


def a_level(available: int | None, *, at: int = NOON) -> Written:
    level = {"inventory_item_id": "4711", "location_id": "l1", "available": available}
    change: Any = a_bracelet() | {"product_id": "", "action": "inventory", "product": None, "inventory": level}
    return Written(change | {"occurred_at": at}, b"demo|inventory|4711|l1")


def some_products(*records: Written) -> tuple[Products, list[Told]]:
    products = Products(CODEC)
    told: list[Told] = []
    products.changed = told.append
    for record in records:
        products.apply(record)
    return products, told


def at(change: ProductChange, occurred_at: int) -> ProductChange:
    return change | {"occurred_at": occurred_at}


def test_the_head_of_a_change_is_read_without_the_product() -> None:
    change = a_bracelet()

    head = Heads(CODEC).of(CODEC.encode("ProductChange", change))

    told = dict(change)
    names = ("shop_id", "product_id", "action", "source", "occurred_at", "received_at")
    assert head[:6] == tuple(told[name] for name in names)


@pytest.mark.parametrize("value", [b"", b"\0\0\0", b"no avro at all", CODEC.encode("Shop", a_shop())])
def test_what_is_no_product_change_has_no_head(value: bytes) -> None:
    with pytest.raises(TerminalError):
        Heads(CODEC).of(value)


def test_an_older_state_changes_nothing_and_is_said_again_until_a_newer_one_stands_last() -> None:
    new, old = Written(at(a_bracelet(title="New"), NOON + 1)), Written(at(a_bracelet(title="Old"), NOON))
    products, told = some_products(new, old)

    assert [each.product_ids for each in told] == [(PRODUCT,)]
    assert products.in_force.overwritten == {b"demo|7992983748843": 3}
    assert products.standing(b"demo|7992983748843") == new.value
    products.apply(new)
    assert products.in_force.overwritten == {}


def test_the_same_said_anew_is_no_change_but_moves_the_version() -> None:
    products, told = some_products(Written(a_bracelet()), Written(at(a_bracelet(), NOON + 5)))
    products.apply(Written(at(a_bracelet(title="Between"), NOON + 3)))

    assert len(told) == 1
    assert products.in_force.overwritten


def test_a_stock_level_concerns_the_product_that_was_looked_at() -> None:
    products, told = some_products(Written(a_bracelet()))
    listing = products.listing(a_shop(), a_catalog(), PRODUCT, NOON)
    for level in (a_level(0, at=NOON + 2), a_level(0, at=NOON + 3), a_level(9, at=NOON)):
        products.apply(level)
    sold_out = products.listing(a_shop(), a_catalog(), PRODUCT, NOON)

    assert listing is not None
    assert sold_out is not None
    assert (listing.items[0].data["availability"], sold_out.items[0].data["availability"]) == (
        "in stock",
        "out of stock",
    )
    assert [each.product_ids for each in told] == [(PRODUCT,), (PRODUCT,)]
    said = CODEC.decode(products.standing(b"demo|inventory|4711|l1"))
    assert (said["occurred_at"], said["inventory"]["available"]) == (NOON + 3, 0)


def quantity(products: Products) -> int:
    listing = products.listing(a_shop(), a_catalog(), PRODUCT, NOON)
    assert listing is not None
    told: int = listing.items[0].data["quantity_to_sell_on_facebook"]
    return told


def test_what_is_said_anew_concerns_the_product_where_its_stock_counts_by_another_from_then_on() -> None:
    products, told = some_products(Written(a_bracelet()), a_level(3, at=NOON - 1))
    before = quantity(products)
    products.apply(a_level(3, at=NOON + 1))
    by_level = quantity(products)
    for record in (a_level(3, at=NOON + 2), Written(at(a_bracelet(), NOON + 3)), Written(at(a_bracelet(), NOON + 4))):
        products.apply(record)

    assert (before, by_level, quantity(products)) == (12, 3, 12)
    assert [each.news for each in told] == ["changed", "repeated", "repeated"]
    assert {each.product_ids for each in told} == {(PRODUCT,)}


def test_the_same_said_by_another_source_is_a_change() -> None:
    _, told = some_products(Written(a_bracelet()), Written(at(a_bracelet() | {"source": "csv"}, NOON + 1)))

    assert [each.news for each in told] == ["changed", "changed"]


def test_a_deleted_product_is_known_and_lists_nothing_an_unknown_one_is_not() -> None:
    gone: Any = a_bracelet() | {"action": "delete", "product": None, "occurred_at": NOON + 1}
    products, _ = some_products(Written(a_bracelet()), Written(gone))

    listing = products.listing(a_shop(), a_catalog(), PRODUCT, NOON)

    assert listing is not None
    assert listing.items == []
    assert products.in_force.knows("demo", PRODUCT)
    assert products.listing(a_shop(), a_catalog(), "other", NOON) is None


def test_a_product_with_an_announced_date_is_looked_at_when_it_comes() -> None:
    products, _ = some_products(Written(a_bracelet(preorder_at=NOON + 100)))
    products.listing(a_shop(), a_catalog(), PRODUCT, NOON)
    products.listing(a_shop(), a_catalog(), PRODUCT, NOON)

    assert products.due(NOON + 99) == []
    assert products.due(NOON + 100) == [("demo", PRODUCT)]
    assert products.due(NOON + 101) == []


def sent(status: Any, digest: int | None, **changes: Any) -> Sent:
    return Sent("p", status, digest, NOON)._replace(**changes)


@pytest.mark.parametrize(
    ("digest", "last", "method"),
    [
        (1, None, "CREATE"),
        (None, None, None),
        (1, sent("accepted", 1), None),
        (2, sent("accepted", 1), "UPDATE"),
        (None, sent("accepted", 1), "DELETE"),
        (1, sent("rejected", 1), None),
        (2, sent("rejected", 1), "UPDATE"),
        (None, sent("rejected", 1), "DELETE"),
        (None, sent("rejected", None), None),
        (1, sent("pending", 1), "UPDATE"),
        (None, sent("pending", None), "DELETE"),
        (1, sent("skipped", 7), "CREATE"),
        (None, sent("skipped", 7), None),
    ],
)
def test_what_is_sent_is_the_difference(digest: int | None, last: Sent | None, method: str | None) -> None:
    assert difference(digest, last) == method


def test_asked_to_what_was_refused_or_accepted_is_sent_again() -> None:
    assert difference(1, sent("accepted", 1), again=True) == "UPDATE"
    assert difference(1, sent("rejected", 1), again=True) == "UPDATE"
    assert difference(None, sent("rejected", None), again=True) == "DELETE"


def test_attempts_count_one_state_of_an_item_and_waits_grow() -> None:
    assert attempts_of(1, None) == 1
    assert attempts_of(1, sent("pending", 1, attempts=2)) == 3
    assert attempts_of(2, sent("pending", 1, attempts=2)) == 1
    waits = [retry_seconds(attempts, 0.0) for attempts in range(1, 12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (2.0, 300.0)
    assert [raises_alert(failures) for failures in (1, 2, 3, 4)] == [False, False, True, False]


def test_every_catalog_has_its_own_minute_in_the_period() -> None:
    runs = {next_run(f"demo|{number}", 5, NOON) for number in range(200)}

    assert len(runs) == 200
    assert all(each is not None and NOON < each <= NOON + 5 * DAY_MS for each in runs)
    assert next_run("demo|main", 0, NOON) is None
    first = next_run("demo|main", 5, NOON)
    assert first is not None
    assert next_run("demo|main", 5, first) == first + 5 * DAY_MS


def job(**changes: Any) -> SyncJob:
    return a_sync_job(**({"started_at": NOON, "updated_at": NOON} | changes))


def test_a_run_is_due_when_its_minute_has_come_since_the_last_one_began() -> None:
    due = next_run("demo|main", 5, NOON)
    assert due is not None

    assert is_due("demo|main", 5, None, NOON)
    assert not is_due("demo|main", 5, job(), due - 1)
    assert is_due("demo|main", 5, job(), due)
    assert not is_due("demo|main", 5, job(state="running"), due)
    assert not is_due("demo|main", 0, job(), due)
    assert is_due("demo|main", 5, job(state="failed"), NOON + 3_600_000)
    assert not is_due("demo|main", 5, job(state="failed"), NOON + 3_500_000)


@pytest.mark.parametrize(
    ("trigger", "wanted", "last_total", "allowed"),
    [
        ("schedule", 100, 100, True),
        ("schedule", 50, 100, True),
        ("schedule", 49, 100, False),
        ("schedule", 0, 0, False),
        ("first", 100, 0, False),
        ("command", 0, 100, True),
        ("api", 10, 100, True),
    ],
)
def test_orphans_are_deleted_only_while_our_own_products_are_there(
    trigger: str, wanted: int, last_total: int, allowed: bool
) -> None:
    assert may_delete_orphans(trigger, wanted, last_total) is allowed


def test_a_ledger_finds_items_by_product_also_after_they_move_and_go() -> None:
    ledger = Ledger()
    ledger.put("a", sent("accepted", 1))
    ledger.put("b", sent("accepted", 1, job_id="j"))
    ledger.put("c", sent("rejected", 1, product_id="q", job_id="j"))

    assert ledger.of_product("p") == ("a", "b")
    assert ledger.count("j") == {"accepted": 1, "rejected": 1}
    ledger.put("a", sent("accepted", 1, product_id="q"))
    ledger.put("b", None)
    assert (ledger.of_product("p"), set(ledger.of_product("q")), len(ledger)) == ((), {"a", "c"}, 2)


def test_changes_come_before_what_is_looked_through_and_each_product_once() -> None:
    queue = Queue()
    queue.look_through(["x", "y"], ["stray"])
    queue.mark("p", 7)
    queue.mark("p", 5)
    queue.mark("q")

    assert (len(queue), queue.urgent, queue.looking_through) == (5, 2, 3)
    assert queue.pop() == Turn("p", None, 5)
    assert queue.pop() == Turn("q", None, 0)
    assert queue.pop() == Turn("", "stray")
    assert [queue.pop(), queue.pop(), queue.pop()] == [Turn("x"), Turn("y"), None]
