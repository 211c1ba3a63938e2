"""Forgetting: which states are deleted when."""

from collections.abc import Iterator
from typing import cast

import pytest

from streams.stitching.forgetting import DAY_MS, KEYS_AT_ONCE, Forgetter, is_over
from streams.stitching.terms import place_days
from streams.tables import Table
from tests.builders import NOON, a_shop, an_event, an_order
from tests.stitched import Pipeline


class FakeTable:
    """What a forgetter asks of a table: all on partition 1."""

    def __init__(self, **heard: int) -> None:
        self.states = {f"demo|{key}".encode(): str(at).encode() for key, at in heard.items()}

    def keys(self) -> list[bytes]:
        return list(self.states)

    def get(self, key: bytes) -> bytes | None:
        return self.states.get(key)

    def partition_of(self, key: bytes) -> int | None:
        return 1 if key in self.states else None


def a_forgetter(table: FakeTable) -> Forgetter:
    return Forgetter(cast(Table, table), int, lambda shop, _: 90 if shop == "demo" else 0)


@pytest.mark.parametrize(("days", "over"), [(89, False), (90, False), (91, True)])
def test_a_state_is_over_after_as_many_days_as_the_shop_says(days: int, over: bool) -> None:
    assert is_over(NOON, NOON + days * DAY_MS, 90) is over


def test_it_is_deleted_a_day_later() -> None:
    table = FakeTable(old=NOON - 91 * DAY_MS - 1, almost=NOON - 91 * DAY_MS, never=0)

    assert a_forgetter(table).due(1, NOON) == {b"demo|old": None}


def test_only_what_is_of_the_partition_at_hand_is_deleted() -> None:
    assert a_forgetter(FakeTable(old=1)).due(2, NOON) == {}


def test_each_key_is_looked_at_once_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Iterator[float] = iter((1.0, 1.0, 2.0, 4_000.0, 4_000.0))
    monkeypatch.setattr("streams.stitching.forgetting.time.monotonic", lambda: next(clock))
    forgetter = a_forgetter(FakeTable(**{f"v{number}": 1 for number in range(2 * KEYS_AT_ONCE)}))
    found = [len(forgetter.due(1, NOON)) for _ in range(4)]

    assert found == [KEYS_AT_ONCE, KEYS_AT_ONCE, 0, KEYS_AT_ONCE]


@pytest.mark.parametrize(("place", "days"), [("tok-1", 90), ("cart:c1", 90), ("order:77", 400), ("customer:ada", 400)])
def test_an_order_is_remembered_as_long_as_a_browser_and_a_checkout_less_long(place: str, days: int) -> None:
    shops = {"demo": a_shop(visitor_days=400, checkout_days=90)}

    assert place_days(shops, "demo", place) == days
    assert place_days({}, "demo", place) == days
    assert place_days({"demo": a_shop(visitor_days=7, checkout_days=90)}, "demo", place) == 90


def test_an_order_that_changes_months_later_keeps_its_visit_and_is_not_bought_again() -> None:
    pipeline, order, later = Pipeline(), an_order(), NOON + 200 * DAY_MS
    told = {"checkout_token": order["checkout_token"], "order_id": order["order_id"]}
    pipeline.publish(an_event(name="checkout_completed", **told))
    pipeline.publish_order(
        order, an_order(delivery_id="again", status="cancelled", updated_at=later, received_at=later)
    )
    pipeline.run()
    pipeline.pass_time(later + DAY_MS)

    (row,) = pipeline.order_rows().values()
    assert (row["match"], row["status"], row["client_id"]) == ("matched", "cancelled", an_event()["client_id"])
    assert len(pipeline.purchases()) == 1
