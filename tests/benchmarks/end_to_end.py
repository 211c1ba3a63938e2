"""From POST to visible in SELECT: p50 and p95 at 200 and 1,000 events/s, and the most memory each process takes.

    python -m tests.benchmarks.end_to_end

The whole stack runs as `storestream up` runs it. Load is posted at a steady rate; among it go probes, single events
whose ids ClickHouse is asked for every 20 ms, as an analyst's client asks.
"""

import asyncio
import math
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import httpx
import psutil

from deploy.demo.asking import asking
from deploy.demo.outcome import Ask
from deploy.stack import Stack, plan_stack
from deploy.supervisor import Supervisor
from schemas.settings import ClickHouseSettings, settings_in
from tests.doors import a_pixel_event

RATES = (200, 1_000)
SECONDS = 20
EVENTS_PER_POST = 10
PROBES_PER_SECOND = 4
PATIENCE_SECONDS = 30
FOUND = "SELECT event_id FROM storestream.events WHERE event_id IN {ids:Array(String)}"


def main() -> None:
    """Print the figures."""
    asyncio.run(_measure())


async def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="storestream-bench-") as folder:
        stack = await asyncio.to_thread(plan_stack, Path(folder), fixed_ports=False)
        async with Supervisor(stack.processes, logs=stack.folder / "logs", changed=lambda _: None) as supervisor:
            await supervisor.all_ready()
            peaks: dict[str, int] = defaultdict(int)
            memory = asyncio.create_task(_watch_memory(supervisor, peaks))
            with asking(settings_in(stack.environment, ClickHouseSettings)) as ask:
                print(f"{'events/s':>10} {'posted':>8} {'probes':>7} {'p50 s':>7} {'p95 s':>7} {'max s':>7}")
                for rate in RATES:
                    await _at(rate, stack, ask)
            memory.cancel()
            print("\npeak memory, MB: " + ", ".join(f"{name} {peak >> 20}" for name, peak in sorted(peaks.items())))


async def _at(rate: int, stack: Stack, ask: Ask) -> None:
    sent_at: dict[str, float] = {}
    seen_after: dict[str, float] = {}
    looking = asyncio.create_task(_look(ask, sent_at, seen_after))
    async with httpx.AsyncClient(base_url=stack.addresses["Ingest"], timeout=30) as client:
        posted = await _post(client, rate, sent_at)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(seen_after) < len(sent_at) and time.monotonic() < deadline:  # noqa: ASYNC110 - polling is measured
            await asyncio.sleep(0.05)
    looking.cancel()
    delays = sorted(seen_after.values()) + [math.inf] * (len(sent_at) - len(seen_after))
    p95 = delays[math.ceil(0.95 * len(delays)) - 1]
    print(f"{rate:>10,} {posted:>8,} {len(delays):>7} {median(delays):>7.2f} {p95:>7.2f} {delays[-1]:>7.2f}")


async def _post(client: httpx.AsyncClient, rate: int, sent_at: dict[str, float]) -> int:
    """Post *rate* events a second for SECONDS, probes among them; count those that were accepted."""
    began, posts = time.monotonic(), int(rate * SECONDS / EVENTS_PER_POST)
    every = max(1, round(rate / EVENTS_PER_POST / PROBES_PER_SECOND))
    async with asyncio.TaskGroup() as tasks:
        sending = []
        for number in range(posts):
            await asyncio.sleep(max(0.0, began + number * EVENTS_PER_POST / rate - time.monotonic()))
            probe = f"probe-{uuid4()}" if number % every == 0 else None
            sending.append(tasks.create_task(_post_one(client, probe, sent_at)))
    return sum(task.result() for task in sending)


async def _post_one(client: httpx.AsyncClient, probe: str | None, sent_at: dict[str, float]) -> int:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    visitor = str(uuid4())
    events: list[Any] = [
        a_pixel_event(id=f"load-{uuid4()}", clientId=visitor, timestamp=stamp) for _ in range(EVENTS_PER_POST)
    ]
    if probe:
        events[0]["id"] = probe
        sent_at[probe] = time.monotonic()
    answer = await client.post("/v1/pixel/wk_demo", json=events)
    return int(answer.json()["accepted"])


async def _look(ask: Ask, sent_at: dict[str, float], seen_after: dict[str, float]) -> None:
    while True:
        missing = [probe for probe in sent_at if probe not in seen_after]
        if missing:
            rows = await asyncio.to_thread(ask, FOUND, ids=missing)
            now = time.monotonic()
            seen_after.update({probe: now - sent_at[probe] for (probe,) in rows})
        await asyncio.sleep(0.02)


async def _watch_memory(supervisor: Supervisor, peaks: dict[str, int]) -> None:
    while True:
        for status in supervisor.statuses():
            if status.pid and psutil.pid_exists(status.pid):
                peaks[status.name] = max(peaks[status.name], psutil.Process(status.pid).memory_info().rss)
        await asyncio.sleep(0.25)


if __name__ == "__main__":
    main()
