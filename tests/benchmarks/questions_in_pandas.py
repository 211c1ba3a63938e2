"""The work of three questions in pandas, on columns that are in its memory already."""

import statistics
import time
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

RUNS: Final = 3


def measure_pandas(client: Any, ours: Mapping[str, float]) -> None:
    """Print how long pandas takes for the same work on columns it has already, beside *ours*, seconds by title."""
    columns = "toString(person_id) AS person, name, occurred_at AS at, product_id"
    frame = client.query_df(f"SELECT {columns} FROM events_by_person WHERE product_id != ''")
    frame["person"], frame["name"] = pd.factorize(frame["person"])[0], frame["name"].astype("category")
    frame["product_id"] = frame["product_id"].astype("category")
    visits = client.query_df("SELECT toString(person_id) AS person, started_at AS at FROM sessions_by_person")
    visits["person"] = pd.factorize(visits["person"])[0]
    for title, work, data in (
        ("funnel of 4 steps", pandas_funnel, frame),
        ("cohorts by week", pandas_cohorts, visits),
        ("top products", pandas_top, frame),
    ):
        took = []
        for _ in range(RUNS):
            began = time.perf_counter()
            work(data)
            took.append(time.perf_counter() - began)
        seconds = statistics.median(took)
        print(f"pandas: {title:20}{seconds:7.3f} s, {seconds / ours[title]:.1f}x ours", flush=True)


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
