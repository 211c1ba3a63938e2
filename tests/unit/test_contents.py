"""Floods without change are told apart by what they say."""

from typing import Any

import pytest

from connectors.shopify.products import key_of
from schemas.records import ProductChange
from streams.rules.contents import Contents, content_hash
from tests.builders import NOON, a_product_change


def priced(price: float, **changes: Any) -> ProductChange:
    change = a_product_change(**changes)
    assert change["product"] is not None
    change["product"]["variants"][0]["price"] = price
    return change


def new_of(*changes: ProductChange) -> list[bool]:
    contents = Contents()
    return [contents.is_new(key_of(change), change) for change in changes]


def test_a_flood_of_updates_without_change_is_new_once() -> None:
    flood = [priced(1.0, occurred_at=NOON + number) for number in range(100)]

    assert new_of(*flood) == [True] + [False] * 99


def test_a_change_that_is_undone_is_new_each_time() -> None:
    changes = [priced(price, occurred_at=NOON + number) for number, price in enumerate((1.0, 2.0, 1.0))]

    assert new_of(*changes) == [True, True, True]


def test_an_old_delivery_is_not_new_also_behind_a_repetition() -> None:
    told = [priced(1.0, occurred_at=NOON), priced(1.0, occurred_at=NOON + 9), priced(2.0, occurred_at=NOON + 5)]

    assert new_of(*told) == [True, False, False]


@pytest.mark.parametrize("change", [{"delivery_id": "x"}, {"received_at": 1}, {"occurred_at": 1}, {"source": "csv"}])
def test_how_and_when_it_was_told_is_no_content(change: dict[str, Any]) -> None:
    assert content_hash(a_product_change()) == content_hash(a_product_change(**change))


@pytest.mark.parametrize("change", [{"shop_id": "x"}, {"product_id": "x"}, {"action": "delete", "product": None}])
def test_what_it_says_is(change: dict[str, Any]) -> None:
    assert content_hash(a_product_change()) != content_hash(a_product_change(**change))


def test_a_forgotten_key_begins_anew() -> None:
    contents, change = Contents(), a_product_change()
    contents.is_new(b"k", change)
    contents.forget(b"k")

    assert contents.is_new(b"k", change)
