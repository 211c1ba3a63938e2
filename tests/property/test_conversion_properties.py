"""What holds for any batch: each event is settled once, and bad ones cost few requests."""

import asyncio
from math import ceil, log2

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.meta.circuits import Patience
from connectors.meta.failures import Failure
from connectors.meta.sender import Hooks, Sender
from tests.forwarded import FakeMeta, Ledger, a_destination, some_parcels, some_settings

QUICK = Patience(first_wait_seconds=0.0005, longest_wait_seconds=0.001, token_wait_seconds=0.001)
REFUSED = Failure("permanent", 400, 100)
KINDS = st.sampled_from(
    [Failure("transient", 502), Failure("throttled", 400, 17), Failure("token", 401, 190), Failure("split", 413)]
)


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, set[int]]:
    size = draw(st.integers(1, 300))
    return size, draw(st.sets(st.integers(0, size - 1), max_size=8))


async def sent(meta: FakeMeta, count: int, *, batch_size: int = 1000, in_flight: int = 1) -> Ledger:
    ledger = Ledger()
    chosen = some_settings(batch_size=batch_size, requests_in_flight=in_flight, linger_seconds=0.0)
    sender = Sender(meta, chosen, Hooks(a_destination, ledger.settle), patience=QUICK)
    sender.offer(some_parcels(*(str(number) for number in range(count))))
    running = asyncio.create_task(sender.run())
    await ledger.until_settled(count)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return ledger


@settings(max_examples=60, deadline=None)
@given(batches())
def test_bad_events_are_found_in_few_requests_and_cost_no_other(batch: tuple[int, set[int]]) -> None:
    size, bad = batch
    meta = FakeMeta(lambda names: REFUSED if any(int(name) in bad for name in names) else None)

    ledger = asyncio.run(sent(meta, size))

    assert len(meta.asked) <= 1 + 2 * len(bad) * ceil(log2(size) if size > 1 else 0)
    assert {int(name) for name, status in ledger.statuses().items() if status == "refused"} == bad
    assert {int(name) for name in meta.taken} == set(range(size)) - bad


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 120),
    st.sets(st.integers(0, 119), max_size=3),
    st.lists(st.one_of(st.none(), KINDS), max_size=15),
    st.integers(1, 4),
)
def test_whatever_goes_wrong_each_event_is_settled_once(
    count: int, bad: set[int], troubles: list[Failure | None], in_flight: int
) -> None:
    left = list(troubles)

    def answer(names: list[str]) -> Failure | None:
        trouble = left.pop() if left else None
        alone_too_large = trouble is not None and trouble.kind == "split" and len(names) == 1
        if trouble is not None and not alone_too_large:
            return trouble
        return REFUSED if any(int(name) in bad for name in names) else None

    meta = FakeMeta(answer)

    ledger = asyncio.run(sent(meta, count, batch_size=32, in_flight=in_flight))

    expected = {str(number): "refused" if number in bad else "accepted" for number in range(count)}
    assert ledger.statuses() == expected
    assert sorted(meta.taken) == sorted(name for name, status in expected.items() if status == "accepted")
