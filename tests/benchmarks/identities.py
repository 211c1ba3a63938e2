"""What it costs to ask by person: questions with and without the join of who is who, before and after a squash.

    python -m tests.benchmarks.identities

In the embedded engine, over STORESTREAM_EVENTS (5,000,000) events of one shop in 90 days; see `identity_rows`. The
least of seven runs each, taken in turn, as whatever else the machine does only adds to them. `without` reads the plain
column `person_id_then`, deduplicated alike.
"""

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

from analytics.migrate import migrate
from analytics.squashing import squash
from connectors.clickhouse.client import connect
from deploy.servers.clickhouse.local import running_clickhouse
from schemas.settings import ClickHouseSettings
from tests.benchmarks.identity_rows import fill

EVENTS = int(os.environ.get("STORESTREAM_EVENTS", "5000000"))
RUNS: Final = 7

JOINED: Final = "events_by_person"
PLAIN: Final = """(
    SELECT *, person_id_then AS person_id FROM events FINAL SETTINGS do_not_merge_across_partitions_select_final = 1
)"""

_WHEN = "shop_id = 'demo' AND occurred_at >= '2026-08-15' AND occurred_at < '2026-10-15'"
QUESTIONS: Final = {
    "unique visitors": f"SELECT uniqExact(person_id) FROM {{source}} WHERE {_WHEN}",
    "funnel": f"""
        SELECT countIf(level > 0), countIf(level > 1), countIf(level > 2), countIf(level > 3)
        FROM (
            SELECT person_id, windowFunnel(604800)(toDateTime(occurred_at), name = 'product_viewed',
                name = 'product_added_to_cart', name = 'checkout_started', name = 'purchase') AS level
            FROM {{source}}
            WHERE {_WHEN} AND name IN ('product_viewed', 'product_added_to_cart', 'checkout_started', 'purchase')
            GROUP BY person_id
        )""",
    "persons": """
        SELECT count(), sum(events), max(browsers)
        FROM (
            SELECT person_id, min(occurred_at), max(occurred_at), uniqExact(visitor_id) AS browsers,
                uniqExact(session_id), count() AS events, countIf(name = 'purchase')
            FROM {source} WHERE shop_id = 'demo' GROUP BY person_id
        )""",
}


def main() -> None:
    """Measure in a ClickHouse of its own, and print."""
    with tempfile.TemporaryDirectory() as folder, running_clickhouse(Path(folder)) as server:
        clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{server.url}/identities"})
        migrate(clickhouse)
        with closing(connect(clickhouse, timeout_seconds=600)) as client:
            fill(client, EVENTS)
            _print_rows(client)
            _print_questions(client, "before the squash")
            seconds, squashed = _seconds(lambda: squash("demo", date(2026, 12, 1), clickhouse))
            print(f"\nsquash: {squashed.events:,} events of {squashed.browsers:,} browsers in {seconds:.1f} s")
            again, nothing = _seconds(lambda: squash("demo", date(2026, 12, 1), clickhouse))
            print(f"once more: {nothing.events:,} events in {again:.1f} s")
            _print_questions(client, "after the squash")


def _print_rows(client: Any) -> None:
    sql = "SELECT (SELECT count() FROM events), (SELECT uniqExact(visitor_id) FROM events), count() FROM {table}"
    ((events, browsers, known),) = client.query(sql.replace("{table}", "identity_overrides")).result_rows
    print(f"{events:,} events of {browsers:,} browsers, {known:,} of them known")


def _print_questions(client: Any, when: str) -> None:
    print(f"\n{when:24}{'without, ms':>12}{'with, ms':>12}{'ratio':>8}  answers without | with")
    for name, sql in QUESTIONS.items():
        times: dict[str, list[float]] = {PLAIN: [], JOINED: []}
        answers: dict[str, object] = {}
        for _ in range(RUNS):
            for source, taken in times.items():
                begun = time.perf_counter()
                answers[source] = client.query(sql.format(source=source)).result_rows[0]
                taken.append((time.perf_counter() - begun) * 1000)
        plain, joined = min(times[PLAIN]), min(times[JOINED])
        told = f"{answers[PLAIN]} | {answers[JOINED]}"
        print(f"{name:24}{plain:>12.0f}{joined:>12.0f}{joined / plain:>8.2f}  {told}")


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    done = work()
    return time.perf_counter() - begun, done


if __name__ == "__main__":
    main()
