"""Questions about catalogs at Meta beside plain Python (`tests.oracles.catalogs`), each row written at least twice."""

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from analytics.questions import query
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.settings import ClickHouseSettings
from tests.integration.filling import fill
from tests.integration.weeks_database import empty_database
from tests.oracles import catalogs
from tests.oracles.comparing import near, plain
from tests.oracles.receipts import Catalogs
from tests.oracles.weeks import UNTIL, ZONE, Weeks

pytestmark = pytest.mark.integration

PERIOD = {"until": UNTIL, "time_zone": ZONE.key}
ALL = 20_000
GROUPS = "g-{product_id}-{variant_id}"


class Case(NamedTuple):
    """A question with parameters, and who else can answer it."""

    name: str
    oracle: Callable[..., list[dict[str, Any]]]
    parameters: dict[str, Any]


CASES = [
    *(Case("catalog_lag", catalogs.catalog_lag, {"catalog": c, "days": d}) for c, d in [("*", ALL), ("main", 20)]),
    *(
        Case("items_rejected", catalogs.items_rejected, {"catalog": c, "at_least": n})
        for c, n in [("*", 0), ("main", 1)]
    ),
    *(Case("items_by_status", catalogs.items_by_status, {"catalog": c}) for c in ("*", "main")),
    *(Case("catalog_jobs", catalogs.catalog_jobs, {"catalog": c, "days": d}) for c, d in [("*", ALL), ("main", 20)]),
    *(
        Case(name, oracle, {"catalog": catalog, "id_template": template, "days": days})
        for name, oracle in (
            ("content_id_match", catalogs.content_id_match),
            ("rejected_products_value", catalogs.rejected_products_value),
        )
        for catalog, template, days in [("main", "{product_id}", ALL), ("*", "{product_id}", 30), ("*", GROUPS, ALL)]
    ),
]


@pytest.fixture(scope="module")
def made() -> Catalogs:
    return Catalogs(Weeks(seed=6, visitors=60), seed=54)


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str, made: Catalogs) -> Iterator[ClickHouseSettings]:
    with empty_database(clickhouse_url) as database:
        fill(database, made.weeks, made.products)
        inserter = Inserter(database)
        running = [each | {"state": "running", "updated_at": each["started_at"]} for each in made.jobs]
        for table, topic, records in (
            ("product_syncs", "products.synced", made.receipts),
            ("sync_jobs", "catalogs.synced", [*running, *made.jobs]),
            ("inventory_levels", "products.changed", made.levels),
        ):
            rows = [row for offset, each in enumerate(records) for row in rows_of(topic, each, 0, offset)[table]]
            for token in ("1", "2"):
                inserter.insert(table, random.Random(token).sample(rows, len(rows)), token)
        inserter.close()
        yield database


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{'-'.join(map(str, case.parameters.values()))}")
def test_the_answer_is_that_of_plain_python(case: Case, made: Catalogs, clickhouse: ClickHouseSettings) -> None:
    period = {} if case.name in ("items_rejected", "items_by_status") else PERIOD

    answer = query(case.name, clickhouse, shop="demo", **case.parameters, **period)

    expected = case.oracle(made, **case.parameters)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    assert expected
    assert [plain({name: row[name] for name in expected[0]}) for row in rows] == [near(row) for row in expected]


def test_the_weeks_hold_every_trouble_there_is(made: Catalogs) -> None:
    troubles = {
        each["state"]
        for catalog, template in (("main", "{product_id}"), ("*", GROUPS))
        for each in catalogs.rejected_products_value(made, catalog=catalog, id_template=template, days=ALL)
    }
    statuses = {each["status"] for each in made.last("*")}

    assert troubles == {"rejected", "not listed", "stale", "sold out"}
    assert statuses == {"pending", "accepted", "rejected", "deleted", "skipped"}


def test_an_item_is_one_row_in_the_view_and_the_last_word_counts(
    made: Catalogs, clickhouse: ClickHouseSettings
) -> None:
    client = connect(clickhouse)
    rows = client.query("SELECT catalog, item_id, status, failures FROM product_syncs_now").result_rows
    client.close()

    assert sorted(rows) == sorted((e["catalog"], e["item_id"], e["status"], e["failures"]) for e in made.last("*"))
