"""Which items catalogs at Meta are known not to have."""

from typing import Any, NamedTuple

import pytest

from connectors.kafka.missing_items import MissingItems
from schemas.codec import Codec
from tests.synced import a_product_receipt

CODEC = Codec.from_lock()
ITEM = ("demo", "880000000000001", "43751530397931")


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    offset: int = 0


def told(*receipts: dict[str, Any] | None, most: int = 10) -> MissingItems:
    """What is known after *receipts* of one item; None is a tombstone."""
    missing = MissingItems(CODEC, most)
    for changes in receipts:
        value = None if changes is None else CODEC.encode("ProductReceipt", a_product_receipt(**changes))
        missing.apply(Record(b"demo|main|43751530397931", value))
    return missing


REFUSED = {"status": "rejected", "method": "CREATE"}


@pytest.mark.parametrize(
    ("receipts", "is_missing"),
    [
        ([], False),
        ([{"status": "accepted"}], False),
        ([REFUSED], True),
        ([{"status": "deleted"}], True),
        ([{"status": "skipped"}], True),
        ([{"status": "rejected", "method": "UPDATE"}], False),  # Meta has it as it was
        ([REFUSED, {"status": "rejected", "method": "UPDATE"}], True),
        ([REFUSED, {"status": "pending"}], True),
        ([REFUSED, {"status": "pending"}, {"status": "accepted"}], False),
        ([REFUSED, None], False),
    ],
)
def test_an_item_is_missing_when_the_last_that_decides_says_so(
    receipts: list[dict[str, Any] | None], is_missing: bool
) -> None:
    assert (ITEM in told(*receipts)) is is_missing


def test_what_cannot_be_read_changes_nothing_else() -> None:
    missing = told(REFUSED)

    missing.apply(Record(b"demo|main|other", b"no avro"))
    missing.apply(Record(None, None))

    assert ITEM in missing


def test_of_too_many_the_longest_known_are_forgotten() -> None:
    missing = MissingItems(CODEC, most=2)

    for item_id in ("a", "b", "c"):
        value = CODEC.encode("ProductReceipt", a_product_receipt(item_id=item_id, **REFUSED))
        missing.apply(Record(f"demo|main|{item_id}".encode(), value))

    known = [("demo", "880000000000001", item_id) in missing for item_id in ("a", "b", "c")]
    assert (known, len(missing)) == ([False, True, True], 2)
