"""That forwarding ends whole: Faust cancels an agent, and cancels it again while it ends."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.forwarding.routes import Routes
from streams.forwarding.stopping import forward_until_stopped
from tests.builders import a_shop
from tests.forwarded import FakeMeta, Ledger, a_destination, some_parcels, some_settings


class Forwarding:
    """Takes nothing, and takes a while to close."""

    pending = 0

    def __init__(self) -> None:
        self.closes, self.closed = asyncio.Event(), asyncio.Event()
        self.waiting = SimpleNamespace(sweep=self._nothing)

    async def _nothing(self) -> None: ...

    async def close(self) -> None:
        self.closes.set()
        await asyncio.sleep(0.05)
        self.closed.set()


def _routes() -> Routes:
    shops = SimpleNamespace(get=lambda _: a_shop(destinations=[a_destination(name="one")]))
    routes = Routes(FakeMeta(lambda _: None), some_settings(), cast(Any, shops))
    routes.settle = Ledger().settle
    return routes


def _sending() -> list[str]:
    return [each.get_name() for each in asyncio.all_tasks() if each.get_name().startswith("send to")]


async def test_no_sender_outlives_what_it_sends_with_though_cancelled_while_ending() -> None:
    forwarding, routes = Forwarding(), _routes()
    routes.offer(("demo", "one"), some_parcels("a"))
    signal: Any = SimpleNamespace(connect=lambda *_, **__: None, disconnect=lambda *_, **__: None)
    app = SimpleNamespace(on_partitions_revoked=signal, topic_prefix="", rebalancing=True)

    async def never() -> None:
        await asyncio.Event().wait()

    async def agent() -> None:
        records = SimpleNamespace(take=never)
        await forward_until_stopped(app, cast(Any, records), cast(Any, forwarding), routes, cast(Any, forwarding))

    task = asyncio.create_task(agent())
    await asyncio.sleep(0)
    assert _sending() == ["send to demo/one"]
    task.cancel()
    await forwarding.closes.wait()
    task.cancel()  # once more
    with pytest.raises(asyncio.CancelledError):
        await task
    assert forwarding.closed.is_set()
    assert _sending() == []
