"""How a destination is kept busy: what is sent again, in which order, and what is never sent again."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from connectors.meta.circuits import Patience
from connectors.meta.failures import Accepted, Failure
from connectors.meta.parcels import MAX_BODY_BYTES, Outcome, Parcel
from connectors.meta.sender import Hooks, Sender
from schemas.records import Destination
from tests.desks import until
from tests.forwarded import FakeMeta, Ledger, a_destination, some_parcels, some_settings

QUICK = Patience(first_wait_seconds=0.002, longest_wait_seconds=0.01, token_wait_seconds=0.02)
REFUSED = Failure("permanent", 400, 100, 2804007, "trace")


async def delivered(
    meta: FakeMeta,
    parcels: Sequence[Parcel],
    *,
    current: Callable[[], Destination | None] = a_destination,
    **settings: Any,
) -> Ledger:
    """Send *parcels* until each is settled."""
    ledger = Ledger()
    sender = Sender(meta, some_settings(**settings), Hooks(current, ledger.settle), patience=QUICK)
    sender.offer(parcels)
    running = asyncio.create_task(sender.run())
    await ledger.until_settled(len(parcels))
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return ledger


def once(failure: Failure) -> Callable[[list[str]], Failure | None]:
    """Answer with *failure* the first time."""
    left = [failure]
    return lambda _: left.pop() if left else None


def times(count: int, failure: Failure) -> Callable[[list[str]], Failure | None]:
    left = [failure] * count
    return lambda _: left.pop() if left else None


async def test_a_batch_leaves_in_one_request() -> None:
    meta = FakeMeta(lambda _: None)

    ledger = await delivered(meta, some_parcels("a", "b", "c"))

    assert meta.asked == [["a", "b", "c"]]
    assert set(ledger.statuses().values()) == {"accepted"}


async def test_no_request_is_larger_than_the_batch_size() -> None:
    meta = FakeMeta(lambda _: None)

    await delivered(meta, some_parcels(*"abcdefg"), batch_size=3)

    assert meta.asked == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


async def test_no_request_is_larger_than_the_body_size() -> None:
    meta = FakeMeta(lambda _: None)
    large = "x" * (MAX_BODY_BYTES // 2 - 10)

    await delivered(meta, some_parcels("1" + large, "2" + large, "3" + large))

    assert [len(names) for names in meta.asked] == [1, 1, 1] or [len(names) for names in meta.asked] == [2, 1]


async def test_only_the_bad_event_of_a_refused_batch_is_refused() -> None:
    meta = FakeMeta(lambda names: REFUSED if "c" in names else None)
    names = [*"abcdefgh"]

    ledger = await delivered(meta, some_parcels(*names))

    assert ledger.statuses() == {name: "refused" if name == "c" else "accepted" for name in names}
    (outcome,) = ledger.outcomes["c"]
    assert (outcome.reason, outcome.http_status, outcome.code, outcome.subcode, outcome.trace_id) == (
        "refused_by_meta",
        400,
        100,
        2804007,
        "trace",
    )


async def test_a_refused_event_is_not_sent_again() -> None:
    meta = FakeMeta(lambda names: REFUSED)

    await delivered(meta, some_parcels("a"))

    assert meta.asked == [["a"]]


async def test_a_meta_that_refuses_everything_costs_few_events_and_the_others_wait_until_it_takes_some() -> None:
    broken, names = [True], [str(number) for number in range(1_000)]
    meta, ledger = FakeMeta(lambda _: Failure("permanent", 400, 100) if broken else None), Ledger()
    sender = Sender(meta, some_settings(), Hooks(a_destination, ledger.settle), patience=QUICK)
    sender.offer(some_parcels(*names))
    running = asyncio.create_task(sender.run())
    await until(lambda: len(meta.asked) >= 100)
    assert (len(ledger.outcomes), sender.circuit.why) == (10, "refusing")
    assert {len(asked) for asked in meta.asked[-50:]} == {1}

    broken.clear()
    await ledger.until_settled(len(names))
    running.cancel()

    assert Counter(ledger.statuses().values()) == {"refused": 10, "accepted": 990}
    assert len(meta.taken) == len(set(meta.taken)) == 990


@pytest.mark.parametrize("in_flight", [1, 4])
async def test_many_bad_events_side_by_side_are_all_found_and_cost_no_other(in_flight: int) -> None:
    names, bad = [str(number) for number in range(200)], {str(number) for number in range(3, 43)}
    meta = FakeMeta(lambda asked: Failure("permanent", 400, 100) if bad & set(asked) else None)

    ledger = await delivered(meta, some_parcels(*names), requests_in_flight=in_flight)

    assert {name for name, status in ledger.statuses().items() if status == "refused"} == bad
    assert len(meta.asked) <= 1 + 2 * len(bad) * 8  # log2 of 200, rounded up


async def test_events_refused_for_what_meta_names_stop_no_other() -> None:
    meta = FakeMeta(lambda _: Failure("permanent", 400, 100, 2804050))

    ledger = await delivered(meta, some_parcels(*"abcdefghijklmnopqrst"), batch_size=1)

    assert {each[0].reason for each in ledger.outcomes.values()} == {"refused_for_little_user_data"}


async def test_transient_failure_sends_the_same_events_again() -> None:
    meta = FakeMeta(times(5, Failure("transient", 502)))

    ledger = await delivered(meta, some_parcels("a", "b"))

    assert meta.asked == [["a", "b"]] * 6
    assert ledger.statuses() == {"a": "accepted", "b": "accepted"}


async def test_attempts_are_counted_per_event() -> None:
    parcels = some_parcels("a", "b")

    await delivered(FakeMeta(once(Failure("transient", 502))), parcels)

    assert [parcel.attempts for parcel in parcels] == [2, 2]


async def test_what_failed_goes_before_what_came_later() -> None:
    meta = FakeMeta(once(Failure("throttled", 400, 17, pause_seconds=0.01)))

    await delivered(meta, some_parcels("a", "b", "c"), batch_size=1)

    assert meta.asked == [["a"], ["a"], ["b"], ["c"]]


async def test_throttled_destination_is_left_alone_as_long_as_it_asks() -> None:
    asked_at: list[float] = []
    answers = [Failure("throttled", 400, 80004, pause_seconds=0.2)]

    def answer(_: list[str]) -> Failure | None:
        asked_at.append(time.monotonic())
        return answers.pop() if answers else None

    await delivered(FakeMeta(answer), some_parcels("a"), requests_in_flight=4)

    assert len(asked_at) == 2
    assert asked_at[1] - asked_at[0] >= 0.2


async def test_dead_token_keeps_everything_until_it_works_again() -> None:
    meta = FakeMeta(times(3, Failure("token", 401, 190, 463)))

    ledger = await delivered(meta, some_parcels("a", "b", "c"), batch_size=1, requests_in_flight=4)

    assert set(ledger.statuses().values()) == {"accepted"}


async def test_a_destination_that_is_gone_skips_what_waits_for_it() -> None:
    configured: list[Destination] = [a_destination()]
    meta = FakeMeta(lambda _: configured.clear() or Failure("token", 401, 190))  # type: ignore[func-returns-value]

    ledger = await delivered(meta, some_parcels("a"), current=lambda: configured[0] if configured else None)

    (outcome,) = ledger.outcomes["a"]
    assert (outcome.status, outcome.reason) == ("skipped", "destination_removed")


async def test_a_changed_destination_is_used_from_the_next_request_on() -> None:
    configured, used = [a_destination()], []
    ledger = Ledger()

    class Pixels:
        async def send(self, destination: Destination, events: Sequence[bytes]) -> Accepted | Failure:
            used.append((destination["pixel_id"], b"".join(events)))
            return Accepted(200, None)

    hooks = Hooks(lambda: configured[-1], ledger.settle)
    sender = Sender(Pixels(), some_settings(requests_in_flight=4), hooks)
    running = asyncio.create_task(sender.run())
    for name in ("before", "after", "later"):
        sender.offer(some_parcels(name))
        await ledger.until_settled(len(used) + 1)
        configured.append(a_destination(pixel_id="99"))
    running.cancel()

    assert used == [("1234567890", b"before"), ("99", b"after"), ("99", b"later")]


async def test_what_grew_too_old_while_waiting_is_skipped() -> None:
    meta, week = FakeMeta(lambda _: None), 7 * 86_400
    old = Parcel(b"old", int(time.time()) - week)
    in_store = Parcel(b"in store", int(time.time()) - 8 * week, in_store=True)

    ledger = await delivered(meta, [old, in_store, *some_parcels("new")])

    assert meta.asked == [["in store", "new"]]
    assert ledger.outcomes["old"][0] == Outcome("skipped", "too_old")


async def test_an_event_that_only_ever_fails_is_refused_in_the_end_and_stops_no_other() -> None:
    patience = Patience(0.001, 0.001, stubborn_batch=2, stubborn_event=4)
    meta, ledger = FakeMeta(lambda names: Failure("transient", 500, 1) if "bad" in names else None), Ledger()
    settings = some_settings(batch_size=4, requests_in_flight=2)
    sender = Sender(meta, settings, Hooks(a_destination, ledger.settle), patience=patience)
    running = asyncio.create_task(sender.run())
    sender.offer(some_parcels("a", "bad", "b"))
    number = 0
    async with asyncio.timeout(20):
        while "bad" not in ledger.outcomes:
            sender.offer(some_parcels(f"later-{(number := number + 1)}"))
            await asyncio.sleep(0.005)
    running.cancel()

    assert ledger.statuses()["bad"] == "refused"
    assert ledger.outcomes["bad"][0].reason == "kept_failing"
    assert {status for name, status in ledger.statuses().items() if name != "bad"} == {"accepted"}


async def test_several_requests_are_out_at_once() -> None:
    out: list[int] = []

    class Slow:
        busy = 0

        async def send(self, destination: Destination, events: Sequence[bytes]) -> Accepted | Failure:
            self.busy += 1
            out.append(self.busy)
            await asyncio.sleep(0.02)
            self.busy -= 1
            return Accepted(200, None)

    await delivered(Slow(), some_parcels(*"abcdefgh"), batch_size=1, requests_in_flight=4)  # type: ignore[arg-type]

    assert max(out) == 4
