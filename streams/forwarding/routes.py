"""One sender for each destination of each shop, started when the first event for it comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from connectors.kafka.shops import ShopDirectory
from connectors.meta.circuits import Circuit
from connectors.meta.failures import Failure
from connectors.meta.parcels import Outcome, Parcel
from connectors.meta.sender import Client, Hooks, Sender
from schemas.records import Destination
from schemas.settings import MetaSettings
from streams.failing import end_process
from streams.forwarding.metrics import OPEN, REQUESTS, STATES
from streams.forwarding.pendings import Route

Settle = Callable[[Sequence[Parcel], Outcome], Awaitable[None]]

log = structlog.get_logger()


class Routes:
    """Leads parcels to the sender of their destination. Set *settle* before the first offer."""

    settle: Settle

    def __init__(self, client: Client, meta: MetaSettings, shops: ShopDirectory) -> None:
        """Take what senders send with, and where they learn of their destination."""
        self._client, self._meta, self._shops = client, meta, shops
        self._senders: dict[Route, Sender] = {}
        self._running: dict[Route, asyncio.Task[None]] = {}

    def offer(self, route: Route, parcels: Sequence[Parcel]) -> None:
        """Hand *parcels* to the sender of a destination."""
        sender = self._senders.get(route)
        if sender is None:
            sender = self._senders[route] = self._started(*route)
        sender.offer(parcels)

    def recall(self, route: Route) -> list[Parcel]:
        """Take back what waits for a destination and is in no request."""
        return sender.recall() if (sender := self._senders.get(route)) else []

    def is_paused(self, route: Route) -> bool:
        """Tell whether a destination is down, or being tried again."""
        return (sender := self._senders.get(route)) is not None and sender.circuit.state != "closed"

    async def drop(self, *routes: Route) -> None:
        """End senders at once; what they have not settled stays unsettled."""
        running = [task for route in routes if (task := self._running.pop(route, None))]
        for route in routes:
            self._senders.pop(route, None)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def stop(self) -> None:
        """End all senders."""
        await self.drop(*self._senders)

    def _started(self, shop_id: str, name: str) -> Sender:
        label = f"{shop_id}/{name}"

        def current() -> Destination | None:
            shop = self._shops.get(shop_id)
            return next((each for each in shop["destinations"] if each["name"] == name), None) if shop else None

        hooks = Hooks(
            current,
            self.settle,
            requested=lambda outcome: REQUESTS.labels(label, outcome).inc(),
            changed=lambda circuit: _tell(label, circuit),
        )
        sender = Sender(self._client, self._meta, hooks)
        task = asyncio.create_task(sender.run(), name=f"send to {label}")
        task.add_done_callback(self._must_not_end)
        self._running[shop_id, name] = task
        return sender

    def _must_not_end(self, task: asyncio.Task[None]) -> None:
        """End the process when a sender failed; one that was dropped may end as it likes."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        if task in self._running.values():
            end_process("sender failed", error)


def _tell(label: str, circuit: Circuit) -> None:
    for why in ("transient", "throttled", "token", "refusing"):
        OPEN.labels(label, why).set(STATES[circuit.state] if why == circuit.why else 0)
    if circuit.state == "open":
        tell = log.error if circuit.why in ("token", "refusing") else log.warning
        seconds = round(circuit.seconds_open(time.monotonic()), 1)
        tell("destination paused", destination=label, why=circuit.why, seconds=seconds, **_said(circuit.failure))
    elif circuit.state == "closed":
        log.info("destination resumed", destination=label)


def _said(failure: Failure | None) -> dict[str, Any]:
    """Tell in what words Meta refused, as far as it said any."""
    if failure is None:
        return {}
    said = {"http_status": failure.http_status, "code": failure.code, "subcode": failure.subcode}
    return {name: told for name, told in (said | {"trace": failure.trace_id}).items() if told is not None}
