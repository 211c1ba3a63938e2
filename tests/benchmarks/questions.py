"""How fast the questions are answered by the embedded engine, and how their time and memory grow.

    python -m tests.benchmarks.questions             # 5,000,000 events
    python -m tests.benchmarks.questions 1000000 5000000

Warm medians over HTTP, as any client asks, of 90 days of one shop with a fifth of its people on two browsers. Beside
some stands pandas with the same work on the same columns, which are read into it beforehand.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pandas as pd

from analytics.migrate import migrate
from analytics.parameters import bound
from analytics.questions import question_named
from connectors.clickhouse.client import connect
from deploy.servers.clickhouse.local import running_clickhouse
from schemas.settings import ClickHouseSettings
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
    Asked("cohorts by week", "retention", aim_seconds=0.4),
    Asked("cohorts by week, device", "retention", {"breakdown": "device"}),
    Asked("top products", "top_products", aim_seconds=0.5),
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
)


def main() -> None:
    """Measure everything and print it, for each number of events."""
    for events in [int(each) for each in sys.argv[1:] if each.isdigit()] or [5_000_000]:
        with tempfile.TemporaryDirectory() as folder, running_clickhouse(Path(folder)) as server:
            clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{server.url}/bench"})
            migrate(clickhouse)
            with closing(connect(clickhouse, timeout_seconds=600)) as client:
                began = time.perf_counter()
                made = fill(client, events, UNTIL)
                took, load = time.perf_counter() - began, os.getloadavg()[0]
                print(f"\n{made:,} events, made in {took:.0f} s; load average {load:.1f} on {os.cpu_count()} cores")
                measure_questions(client)
                measure_pandas(client)


def measure_questions(client: Any) -> None:
    """Print the warm median and the memory of each question."""
    print(f"{'':28}{'median':>9}{'rows':>9}{'memory':>10}{'aim':>8}")
    largest = 0
    for asked in QUESTIONS:
        question = question_named(asked.name)
        known = {each.name for each in question.parameters}
        values = bound(
            question.name,
            question.parameters,
            {k: v for k, v in NINETY_DAYS.items() if k in known} | dict(asked.parameters),
        )
        seconds, rows = median(lambda q=question, v=values: client.query(q.sql, parameters=v).result_rows)  # type: ignore[misc]
        memory = least_memory(client, question.sql, values)
        largest = max(largest, memory)
        aim = f"{asked.aim_seconds:.1f} s" if asked.aim_seconds else ""
        print(f"{asked.title:28}{seconds:7.3f} s{len(rows):>9,}{memory:>7,} MB{aim:>8}")
    print(f"{'largest memory':28}{'':18}{largest:>7,} MB")


def median(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Ask once to warm up, then up to RUNS times; returns the median seconds and the answer."""
    took: list[float] = []
    answer, deadline = ask(), time.monotonic() + MOST_SECONDS
    while len(took) < RUNS and time.monotonic() < deadline:
        began = time.perf_counter()
        answer = ask()
        took.append(time.perf_counter() - began)
    return statistics.median(took), answer


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


def measure_pandas(client: Any) -> None:
    """Print how long pandas takes for the same work on columns it has already."""
    columns = "toString(person_id) AS person, name, occurred_at AS at, product_id"
    frame = client.query_df(f"SELECT {columns} FROM events_by_person WHERE product_id != ''")
    frame["person"], frame["name"] = pd.factorize(frame["person"])[0], frame["name"].astype("category")
    frame["product_id"] = frame["product_id"].astype("category")
    visits = client.query_df("SELECT toString(person_id) AS person, started_at AS at FROM sessions_by_person")
    visits["person"] = pd.factorize(visits["person"])[0]
    for title, work, data in (
        ("pandas: funnel of 4 steps", pandas_funnel, frame),
        ("pandas: cohorts by week", pandas_cohorts, visits),
        ("pandas: top products", pandas_top, frame),
    ):
        with timed() as seconds:
            work(data)
        print(f"{title:28}{seconds[0]:7.3f} s{'(once)':>9}")


def pandas_funnel(frame: Any) -> list[int]:
    """Count who made each step after the one before, without a window: less than the question asks."""
    reached, counts = None, []
    for name in ("product_viewed", "product_added_to_cart", "checkout_started", "purchase"):
        step = frame.loc[frame["name"] == name, ["person", "at"]]
        if reached is not None:
            step = step.merge(reached, on="person")
            step = step[step["at"] >= step["since"]]
        reached = step.groupby("person")["at"].min().rename("since").reset_index()
        counts.append(len(reached))
    return counts


def pandas_cohorts(visits: Any) -> Any:
    """Count the persons of each week's cohort by week."""
    weeks = visits.assign(week=visits["at"].dt.tz_localize(None).dt.to_period("W").dt.start_time)
    weeks = weeks[["person", "week"]].drop_duplicates()
    weeks["cohort"] = weeks.groupby("person")["week"].transform("min")
    return weeks.groupby(["cohort", "week"]).size()


def pandas_top(frame: Any) -> Any:
    """Count viewers and buyers of each product."""
    who = frame[frame["name"].isin(["product_viewed", "purchase"])]
    who = who[["product_id", "name", "person"]].drop_duplicates()
    return who.groupby(["product_id", "name"], observed=True).size().nlargest(20)


@contextmanager
def timed() -> Iterator[list[float]]:
    """Yield a list that holds, after the block, how many seconds it took."""
    took, began = [0.0], time.perf_counter()
    yield took
    took[0] = time.perf_counter() - began


if __name__ == "__main__":
    main()
