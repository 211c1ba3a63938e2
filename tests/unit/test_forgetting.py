"""Forgetting: which states are deleted when."""

from collections.abc import Iterator
from typing import cast

import pytest

from streams.stitching.forgetting import DAY_MS, KEYS_AT_ONCE, Forgetter, is_over
from streams.tables import Table
from tests.builders import NOON


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
    return Forgetter(cast(Table, table), int, lambda shop: 90 if shop == "demo" else 0)


@pytest.mark.parametrize(("days", "over"), [(89, False), (90, False), (91, True)])
def test_a_state_is_over_after_as_many_days_as_the_shop_says(days: int, over: bool) -> None:
    assert is_over(NOON, NOON + days * DAY_MS, 90) is over


def test_it_is_deleted_a_day_later() -> None:
    table = FakeTable(old=NOON - 91 * DAY_MS - 1, almost=NOON - 91 * DAY_MS, never=0)

    assert a_forgetter(table).due(1, NOON) == [b"demo|old"]


def test_only_what_is_of_the_partition_at_hand_is_deleted() -> None:
    assert a_forgetter(FakeTable(old=1)).due(2, NOON) == []


def test_each_key_is_looked_at_once_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Iterator[float] = iter((1.0, 1.0, 2.0, 4_000.0, 4_000.0))
    monkeypatch.setattr("streams.stitching.forgetting.time.monotonic", lambda: next(clock))
    forgetter = a_forgetter(FakeTable(**{f"v{number}": 1 for number in range(2 * KEYS_AT_ONCE)}))
    found = [len(forgetter.due(1, NOON)) for _ in range(4)]

    assert found == [KEYS_AT_ONCE, KEYS_AT_ONCE, 0, KEYS_AT_ONCE]
