import asyncio
import os
import time
from typing import Any

import pytest
from faust.types import TP

from streams import monitoring
from streams.monitoring import lags, watch

READ, CHANGELOG = TP("events.received", 0), TP("stitch-visitors-changelog", 0)


class FakeRecords:
    def __init__(self, *, in_hand: int = 0, waits_since: float | None = None) -> None:
        self.in_hand, self.waiting_since = in_hand, waits_since


class FakeApp:
    """As much of a Faust app and its consumer as the watchdog looks at."""

    should_stop = False

    def __init__(self, *, end: int = 10, read: int = 10, committed: int | None = 8, rebalancing: bool = False) -> None:
        self.rebalancing = rebalancing
        self.consumer = self._consumer = self
        self._committed_offset = {READ: committed, CHANGELOG: None}
        self._read_offset = {READ: read, CHANGELOG: None}
        self._end = end

    def assignment(self) -> set[TP]:
        return {READ, CHANGELOG}

    def highwater(self, tp: TP) -> int:
        return self._end

    def _is_changelog_tp(self, tp: TP) -> bool:
        return bool(tp == CHANGELOG)


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes the watchdog ended the process with."""
    ended: list[int] = []

    def note(code: int) -> None:
        ended.append(code)
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", note)
    monkeypatch.setattr(monitoring, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(monitoring, "STOP_SECONDS", 0.05)
    return ended


async def watched(app: FakeApp, records: FakeRecords) -> None:
    async def watching() -> None:
        try:
            await watch(app, [records], 0.05)  # type: ignore[list-item]
        except SystemExit:
            return

    await asyncio.wait([task := asyncio.create_task(watching())], timeout=0.4)
    task.cancel()


def long_ago() -> float:
    return time.monotonic() - 60


async def test_a_worker_that_waits_for_records_kafka_has_is_ended(codes: list[int]) -> None:
    await watched(FakeApp(end=20, read=10), FakeRecords(waits_since=long_ago()))

    assert codes == [70]


async def test_a_worker_whose_rebalance_does_not_end_is_ended(codes: list[int]) -> None:
    await watched(FakeApp(rebalancing=True), FakeRecords(waits_since=long_ago()))

    assert codes == [70]


async def test_a_worker_that_does_not_stop_is_ended_whatever_it_has_in_hand(codes: list[int]) -> None:
    app = FakeApp()
    app.should_stop = True
    await watched(app, FakeRecords(in_hand=3))

    assert codes == [70]


@pytest.mark.parametrize(
    ("app", "records"),
    [
        pytest.param({}, {"waits_since": 0.0}, id="it has read all there is"),
        pytest.param({"end": 20}, {"in_hand": 5}, id="it works, or waits for an outage to end"),
        pytest.param({"end": 20, "rebalancing": True}, {"in_hand": 5}, id="a rebalance waits for its work"),
    ],
)
async def test_a_worker_is_left_alone_when(codes: list[int], app: dict[str, Any], records: dict[str, Any]) -> None:
    await watched(FakeApp(**app), FakeRecords(**records))

    assert codes == []


def test_lag_is_what_is_not_committed_and_changelogs_have_none() -> None:
    assert lags(FakeApp(end=10, committed=8)) == [("events.received", 0, 2)]
    assert lags(FakeApp(end=10, committed=None)) == [("events.received", 0, 10)]
    assert lags(FakeApp(rebalancing=True)) == []
