"""How long recommendations and profiles take to build, and answers to be given, over many events.

    python -m tests.benchmarks.recommendation_speed      # STORESTREAM_EVENTS of them, 1,000,000 unless told

The events are made inside ClickHouse: visits of about four events around one of 20,000 products, some of them ending
in an order. scipy counts the same pairs beside ours: visits fetched from ClickHouse, X'X, the best 50 of each product.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
import scipy.sparse as sparse

from analytics.migrate import migrate
from analytics.recommending.at_hand import AtHand
from analytics.recommending.building import build
from analytics.recommending.profiles import refresh_profiles
from analytics.recommending.serving import Query, Recommender
from connectors.clickhouse.client import connect
from deploy.servers.clickhouse.local import running_clickhouse
from schemas.records import EnrichedEnvelope
from schemas.settings import ClickHouseSettings
from tests.builders import an_event, an_item

EVENTS = int(os.environ.get("STORESTREAM_EVENTS", "1000000"))
ASKED = 2_000
FOLLOWED = 1_000_000_000
"""Numbers of visits that are followed, and that ClickHouse knows nothing of."""

_EVENTS = """
INSERT INTO events (
    shop_id, event_id, name, occurred_at, received_at, visitor_id, session_id, person_id_then, product_id, currency,
    items.product_id, items.category, items.price, items.quantity, order_id, kafka_partition, kafka_offset, version)
WITH
    {first:UInt64} + number AS n, intDiv(n, 4) AS visit, intHash32(visit) / 4294967296 AS luck,
    toUUID(concat('00000000-0000-4000-8000-', leftPad(hex(visit), 12, '0'))) AS session,
    toUUID(concat('00000000-0000-4000-9000-', leftPad(hex(intHash32(intDiv(visit, 4)) % 2000000), 12, '0'))) AS person,
    toString(toUInt32(20000 * luck * luck) + intHash32(n + 7) % 12) AS product,
    -- Every tenth visit is under way.
    if(visit % 10 = 0, 600, intHash32(visit + 3) % (80 * 86400)) AS age,
    now64(3) - INTERVAL 30 MINUTE - toIntervalSecond(age) + toIntervalSecond(n % 4 * 40) AS at,
    multiIf(
        n % 4 = 3 AND visit % 8 = 0, 'purchase', n % 4 = 2 AND visit % 4 = 0, 'product_added_to_cart', 'product_viewed'
    ) AS what
SELECT
    'speed', toString(n), what, at, at, person, session, person, product, 'EUR', [product],
    [concat('c', toString(toUInt32(product) % 40))], [toDecimal128(toUInt32(product) % 90 + 1, 4)], [1],
    if(what = 'purchase', toString(visit), ''), n % 4, intDiv(n, 4), 1
FROM numbers({count:UInt64})
"""
_ORDERS = """
INSERT INTO orders (
    shop_id, order_id, status, ordered_at, visitor_id, value, currency, items.product_id, items.quantity, version)
SELECT
    'speed', toString(session_id), 'paid', max(occurred_at), any(visitor_id), 42, 'EUR', groupUniqArray(product_id),
    arrayMap(each -> 1, groupUniqArray(product_id)), 1
FROM events GROUP BY session_id HAVING countIf(name = 'purchase') > 0
"""


def main() -> None:
    """Fill a ClickHouse, build, ask, and print how long each took."""
    with tempfile.TemporaryDirectory() as folder, running_clickhouse(Path(folder)) as server:
        clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{server.url}/speed"})
        migrate(clickhouse)
        client = connect(clickhouse, timeout_seconds=900)
        client.command(_EVENTS, {"first": 0, "count": EVENTS})
        client.command(_ORDERS)
        print(f"{EVENTS:,} events")
        for _ in range(2):  # the second build finds warm caches
            built = build(clickhouse, "speed")
        for each in built:
            print(f"build    {each.model:<20} {each.seconds:>8.2f} s {each.rows:>12,} rows")
        print(f"build    {'all':<20} {sum(each.seconds for each in built):>8.2f} s")
        print(f"scipy    {'viewed_together':<20} {_timed(lambda: _scipy(client)):>8.2f} s")
        _measure_profiles(clickhouse, client)
        _measure_answers(clickhouse)
        client.close()


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _scipy(client: Any) -> Any:
    baskets = client.query(
        "SELECT products FROM recommendation_baskets WHERE source = 'viewed' AND generation ="
        " (SELECT max(generation) FROM recommendation_baskets WHERE source = 'viewed')"
    ).result_columns[0]
    numbers: dict[str, int] = {}
    columns = [numbers.setdefault(product, len(numbers)) for basket in baskets for product in set(basket)]
    starts = np.cumsum([0, *(len(set(basket)) for basket in baskets)])
    matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, starts))
    together = (matrix.T @ matrix).tocsr()
    held = together.diagonal()
    best = []
    for row in range(together.shape[0]):
        begin, end = together.indptr[row], together.indptr[row + 1]
        others = together.indices[begin:end]
        scores = together.data[begin:end] / (np.sqrt(held[row] * held[others]) + 10)
        best.append(others[np.argsort(-scores)[:50]])
    return best


def _measure_profiles(clickhouse: ClickHouseSettings, client: Any) -> None:
    for name, before in (("all", None), ("nothing new", None), ("10,000 new events", 10_000)):
        if before:
            client.command(_EVENTS, {"first": EVENTS, "count": before})
        done = refresh_profiles(clickhouse, "speed")
        print(f"profiles {name:<20} {done.seconds:>8.2f} s {done.persons:>12,} persons")


def _measure_answers(clickhouse: ClickHouseSettings) -> None:
    at_hand = _visits_at_hand()
    recommender = Recommender(clickhouse, refresh_seconds=3_600)
    following = Recommender(clickhouse, refresh_seconds=3_600, at_hand=at_hand)
    following.refresh("speed")
    print(f"load     {'snapshot':<20} {_timed(lambda: recommender.refresh('speed')):>8.2f} s")
    visits, people = EVENTS // 4, _people(clickhouse)
    asked: dict[str, Callable[[int], Query]] = {
        "product page": lambda n: Query("speed", product=str(n * 7 % 20_000)),
        "home, session": lambda n: Query("speed", session=_uuid(8, n * 130 % visits), placement="home"),
        "cart, session": lambda n: Query("speed", session=_uuid(8, n * 40 % visits), placement="cart"),
        "home, person": lambda n: Query("speed", person=people[n % len(people)], placement="home"),
        "home, followed": lambda n: Query("speed", session=_uuid(8, FOLLOWED + n), placement="home"),
        "cart, followed": lambda n: Query("speed", session=_uuid(8, FOLLOWED + n), placement="cart"),
        "home, person known": lambda n: Query("speed", person=people[n % 50], placement="home"),
        "the same again": lambda n: Query("speed", session=_uuid(8, 0), placement="home"),
    }
    for name, query in asked.items():
        took = []
        for n in range(ASKED):
            one, asked_of = query(n), following if name.endswith(("followed", "known")) else recommender
            started = time.perf_counter()
            assert asked_of.recommend(one)
            took.append((time.perf_counter() - started) * 1000)
        p99 = sorted(took)[int(len(took) * 0.99)]
        print(f"answer   {name:<20} {statistics.median(took):>8.2f} ms {p99:>8.2f} ms p99")
    recommender.close()
    following.close()


def _visits_at_hand() -> AtHand:
    """Follow ASKED visits of four products each, as the api does."""
    now = int(time.time() * 1000)
    at_hand = AtHand(now - 7_200_000)
    for number in range(ASKED):
        visit = _uuid(8, FOLLOWED + number)
        events = [
            an_event(
                shop_id="speed",
                event_id=f"{number}-{place}",
                name="product_added_to_cart" if place == 3 else "product_viewed",
                occurred_at=now + place,
                visitor_id=visit,
                items=[an_item(product_id=str((number * 7 + place) % 20_000))],
            )
            for place in range(4)
        ]
        told = [{"event": event, "session_id": visit, "person_id": visit} for event in events]
        session = {"shop_id": "speed", "session_id": visit, "started_at": now}
        at_hand.take(cast(EnrichedEnvelope, {"events": told, "sessions": [session]}))
    return at_hand


def _uuid(kind: int, number: int) -> str:
    return str(UUID(f"00000000-0000-4000-{kind}000-{number:012x}"))


def _people(clickhouse: ClickHouseSettings) -> list[str]:
    client = connect(clickhouse)
    rows = client.query("SELECT toString(person_id) FROM profiles FINAL LIMIT 2000").result_rows
    client.close()
    return [row[0] for row in rows]


if __name__ == "__main__":
    main()
