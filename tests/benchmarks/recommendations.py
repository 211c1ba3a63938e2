"""How good recommendations are, beside `implicit` and popularity on the same split, and how fast they are built.

    python -m tests.benchmarks.recommendations

Ours take the way of production: visits and orders are archived in ClickHouse, `build` counts them, a snapshot serves.
UCI Online Retail is read from STORESTREAM_SHARED; STORESTREAM_SESSION_FILES names more files (RetailRocket, YooChoose,
Diginetica), separated by `:`. The last STORESTREAM_TEST_DAYS (14) are held out. Of the visits in them, at most
STORESTREAM_TEST_VISITS (150) are revealed item by item; all are asked for the one left out. The rules of session-kNN
were chosen on the 14 days before those held out.
"""

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from threadpoolctl import threadpool_limits

from analytics.recommending.building import build
from analytics.recommending.evaluation import Case, Ranking, Visit, any_items, last_items, measure, next_items
from connectors.clickhouse.client import connect
from deploy.servers.clickhouse.local import running_clickhouse
from schemas.settings import ClickHouseSettings
from tests.benchmarks.other_recommenders import others
from tests.benchmarks.our_recommenders import SHOP, archive, ours
from tests.benchmarks.session_files import NamedVisit, SessionFile, read, split

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[3] / "shared"))
TEST_DAYS = float(os.environ.get("STORESTREAM_TEST_DAYS", "14"))
TEST_VISITS = int(os.environ.get("STORESTREAM_TEST_VISITS", "150"))

PROTOCOLS: dict[str, Callable[[Sequence[Visit]], Iterable[Case]]] = {
    "next item, revealed one by one": lambda visits: next_items(_some(visits)),
    "last item left out": last_items,
    "any item left out, order shuffled": any_items,
}


def main() -> None:
    """Measure every file that is there, and print a table for each protocol."""
    named = [Path(each) for each in os.environ.get("STORESTREAM_SESSION_FILES", "").split(":") if each]
    files = [path for path in (SHARED / "datasets/online_retail.csv.gz", *named) if path.exists()]
    if not files:
        print("no session file: set STORESTREAM_SHARED or STORESTREAM_SESSION_FILES")
    with threadpool_limits(1, "blas"):
        for path in files:
            _measure(read(path))


def _measure(file: SessionFile) -> None:
    train, test = split(file.visits, TEST_DAYS)
    numbers = {product: number for number, product in enumerate(sorted({p for v in train for p in v.products}))}
    learned, asked = _numbered(train, numbers), _numbered(test, numbers)
    held = Counter(item for visit in learned for item in set(visit.items))
    popularity = [held[item] for item in range(len(numbers))]
    print(f"\n{file.name}: {len(learned):,} visits to learn from, {len(asked):,} held out, {len(numbers):,} products")
    with tempfile.TemporaryDirectory() as folder, running_clickhouse(Path(folder)) as server:
        clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{server.url}/benchmark"})
        until = archive(clickhouse, train)
        print(f"built in {_build(clickhouse, until):.1f} s")
        client = connect(clickhouse)
        rankings = [*others(learned, len(numbers), repeats=file.repeats), *ours(client, numbers, repeats=file.repeats)]
        client.close()
    for protocol, cases in PROTOCOLS.items():
        _print(protocol, rankings, list(cases(asked)), popularity)


def _build(clickhouse: ClickHouseSettings, until: float) -> float:
    started = time.monotonic()
    build(clickhouse, SHOP, until=datetime.fromtimestamp(until, UTC), whole_history=True)
    return time.monotonic() - started


def _numbered(visits: Sequence[NamedVisit], numbers: dict[str, int]) -> list[Visit]:
    return [Visit(visit.ended_at, [numbers[product] for product in visit.products]) for visit in visits]


def _some(visits: Sequence[Visit]) -> list[Visit]:
    return list(visits) if len(visits) <= TEST_VISITS else random.Random(1).sample(visits, TEST_VISITS)


def _print(protocol: str, rankings: list[tuple[str, Ranking]], cases: list[Case], popularity: list[int]) -> None:
    print(f"\n{protocol} ({len(cases):,} cases)")
    print(f"{'':<32} {'HR@20':>7} {'MRR@20':>7} {'nDCG@20':>7} {'cover':>7} {'popular':>7} {'ms':>7}")
    for name, ranking in rankings:
        started = time.process_time()
        quality = measure(ranking, cases, popularity)
        spent = (time.process_time() - started) / len(cases) * 1000
        print(f"{name:<32}" + "".join(f" {each:>7.4f}" for each in quality) + f" {spent:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
