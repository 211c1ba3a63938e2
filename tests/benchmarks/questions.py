"""How fast the questions are answered by the embedded engine, and how their time and memory grow.

    python -m tests.benchmarks questions                                          # 5,000,000 events
    STORESTREAM_EVENTS=5000000,50000000 python -m tests.benchmarks questions      # and how they grow

Warm medians over HTTP, as any client asks, of 90 days of one shop with a fifth of its people on two browsers. `cpu` is
the least time the engine's process computed: on a machine that does other things too, read that rather than the median.
`memory` is the least `max_memory_usage` a question is answered in, to the next power of the root of two: the analyst's
bound is printed below, and how long an analyst waits over fewer days, within all bounds. Beside some stands pandas
with the same work on columns it has read into memory beforehand.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import psutil

from analytics.migrate import migrate
from analytics.parameters import bound
from analytics.questions import question_named, questions
from analytics.recommending.building import build
from connectors.clickhouse.client import connect
from deploy.servers.clickhouse.local import running_clickhouse
from deploy.servers.clickhouse.parameters import ANALYST_LIMITS
from schemas.settings import ClickHouseSettings
from tests.benchmarks.questions_by_days import measure_by_days
from tests.benchmarks.questions_in_pandas import measure_pandas
from tests.benchmarks.shop_years import fill

UNTIL: Final = "2026-11-01"
RUNS: Final = 3
MOST_SECONDS: Final = 10.0
NINETY_DAYS: Final = {"shop": "demo", "days": 91, "until": UNTIL}
TWENTY: Final = ["product_viewed", "product_added_to_cart"] * 10


class Asked(NamedTuple):
    """A question as it is measured; *aim_seconds* is for 5 million events."""

    title: str
    name: str
    parameters: Mapping[str, Any] = MappingProxyType({})
    aim_seconds: float | None = None


QUESTIONS: Final = (
    Asked("funnel of 4 steps", "funnel", aim_seconds=0.5),
    Asked("funnel of 20 steps", "funnel", {"steps": TWENTY}),
    Asked("funnel by visit", "funnel", {"by": "session"}),
    Asked("funnel by device", "funnel", {"breakdown": "device"}),
    Asked("funnel by category", "funnel", {"breakdown": "category"}),
    Asked("funnel by product", "funnel", {"breakdown": "product"}),
    Asked("time to convert", "funnel_times"),
    Asked("who dropped off", "funnel_dropoff"),
    Asked("visitors by day", "visitors"),
    Asked("rates by source", "rates", {"breakdown": "source"}),
    Asked("cohorts by week", "retention", {"every": "week"}, aim_seconds=0.4),
    Asked("cohorts by week, device", "retention", {"every": "week", "breakdown": "device"}),
    Asked("top products", "top_products", aim_seconds=0.5),
    Asked("surest products", "converting_products"),
    Asked("abandoned products", "abandoned_products"),
    Asked("paths", "paths"),
    Asked("attribution", "attribution"),
    Asked("revenue by day", "revenue"),
    Asked("lifetime value", "lifetime_value"),
    Asked("recency, frequency, money", "rfm"),
    Asked("searches", "searches"),
    Asked("match quality", "match_quality"),
    Asked("content ids", "content_ids"),
    Asked("overview", "overview"),
    Asked("visits by source", "sessions_by_source"),
    Asked("bought together", "bought_together"),
)
NEEDS: Final = {"experiment": "prices", "catalog": "main"}
"""What the questions that are asked of empty tables must be told."""


class Measured(NamedTuple):
    """What one question took."""

    seconds: float
    cpu_seconds: float
    megabytes: int


def main() -> None:
    """Measure everything and print it, for each number of events."""
    before: dict[str, Measured] = {}
    for events in _sizes():
        with tempfile.TemporaryDirectory() as folder, running_clickhouse(Path(folder)) as server:
            clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{server.url}/bench"})
            migrate(clickhouse)
            with closing(connect(clickhouse, timeout_seconds=3600)) as client:
                began = time.perf_counter()
                made = fill(client, events, UNTIL)
                took, load = time.perf_counter() - began, os.getloadavg()[0]
                print(f"\n{made:,} events, made in {took:.0f} s; load average {load:.1f} on {os.cpu_count()} cores")
                before = measure(clickhouse, client, engine_at(server.port), before)


def _sizes() -> list[int]:
    told = os.environ.get("STORESTREAM_EVENTS", "5000000").split(",")
    return [int(each) for each in sys.argv[1:] or told]


def engine_at(port: int) -> psutil.Process:
    """Find the process that serves *port*."""
    served = [
        each
        for each in psutil.process_iter(["cmdline"])
        if str(port) in (found := each.info["cmdline"] or []) and found[1:3] == ["-m", "deploy.servers.clickhouse"]
    ]
    return served[0]


def measure(
    clickhouse: ClickHouseSettings, client: Any, engine: psutil.Process, before: Mapping[str, Measured]
) -> dict[str, Measured]:
    """Print what everything takes, and how many times what it took *before*."""
    measured = measure_questions(client, engine, before)
    measure_others(client)
    measure_by_days(client, [(each.title, *_asked(each.name, each.parameters)) for each in QUESTIONS])
    for each in build(clickhouse, "demo", until=datetime.fromisoformat(UNTIL).replace(tzinfo=UTC)):
        print(f"build {each.model:22}{each.seconds:7.3f} s{each.rows:>12,} rows")
    measure_pandas(client, {title: each.seconds for title, each in measured.items()})
    return measured


def measure_questions(client: Any, engine: psutil.Process, before: Mapping[str, Measured]) -> dict[str, Measured]:
    """Print the warm median, the computing and the memory of each question."""
    print(f"{'':28}{'median':>9}{'cpu':>10}{'memory':>10}{'aim':>8}{'grown':>8}")
    done = {}
    for asked in QUESTIONS:
        sql, values = _asked(asked.name, asked.parameters)
        seconds, cpu = median(lambda s=sql, v=values: client.query(s, parameters=v), engine)  # type: ignore[misc]
        found = done[asked.title] = Measured(seconds, cpu, least_memory(client, sql, values))
        aim = f"{asked.aim_seconds:.1f} s" if asked.aim_seconds else ""
        grown = f"{seconds / before[asked.title].seconds:.1f}x" if asked.title in before else ""
        print(f"{asked.title:28}{seconds:7.3f} s{cpu:8.2f} s{found.megabytes:>7,} MB{aim:>8}{grown:>8}", flush=True)
    allowed, largest = int(ANALYST_LIMITS["max_memory_usage"]) >> 20, max(done, key=lambda title: done[title].megabytes)
    print(f"largest memory: {done[largest].megabytes:,} MB, {largest}; an analyst's query may take {allowed:,} MB")
    return done


def measure_others(client: Any) -> None:
    """Ask what is not measured, of tables that are empty or nearly so, within the analyst's bound all the same."""
    others = sorted(questions().keys() - {each.name for each in QUESTIONS})
    for name in others:
        sql, values = _asked(name, {})
        client.query(sql, parameters=values, settings={"max_memory_usage": ANALYST_LIMITS["max_memory_usage"]})
    print(f"within it too, of few rows: {', '.join(others)}")


def _asked(name: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    question = question_named(name)
    known = {each.name for each in question.parameters}
    told = {key: value for key, value in {**NEEDS, **NINETY_DAYS}.items() if key in known}
    return question.sql, bound(name, question.parameters, told | dict(parameters))


def median(ask: Callable[[], Any], engine: psutil.Process) -> tuple[float, float]:
    """Ask once to warm up, then up to RUNS times; returns the median seconds and the least the engine computed."""
    took: list[float] = []
    computed: list[float] = []
    ask()
    deadline = time.monotonic() + MOST_SECONDS
    while not took or (len(took) < RUNS and time.monotonic() < deadline):
        began, cpu = time.perf_counter(), sum(engine.cpu_times()[:2])
        ask()
        took.append(time.perf_counter() - began)
        computed.append(sum(engine.cpu_times()[:2]) - cpu)
    return statistics.median(took), min(computed)


def least_memory(client: Any, sql: str, values: dict[str, Any]) -> int:
    """Find the least `max_memory_usage` the question is answered in, to the next power of the root of two, in MB."""
    megabytes = 16.0
    while True:
        try:
            client.query(sql, parameters=values, settings={"max_memory_usage": int(megabytes * 2**20)})
        except Exception as exc:  # a benchmark's edge: whatever is not about memory ends it
            if getattr(exc, "code", None) != 241:
                raise
            megabytes *= 2**0.5
            continue
        return round(megabytes)


if __name__ == "__main__":
    main()
