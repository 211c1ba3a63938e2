"""One question, four doors, one answer: the command, HTTP, Python and the plain file."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy
from click.testing import CliRunner

from analytics.api.app import create_app
from analytics.api.asking import Asker
from analytics.api.tokens import tokens_in
from analytics.parameters import bound
from analytics.questions import query as rows_of_query
from analytics.questions import question_named
from analytics.tables import query as table_of_query
from deploy.cli import storestream
from deploy.ports import free_port
from schemas.settings import ApiSettings, ClickHouseSettings, settings
from tests.integration.weeks_database import weeks_database
from tests.oracles.weeks import UNTIL, Weeks

pytestmark = pytest.mark.integration

TOKEN = "token-of-the-tests-0123456789"
QUERIES = "/v1/shops/demo/queries"
ASKED = {"every": "week", "days": "20000", "until": UNTIL, "time_zone": "Europe/Berlin"}


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    with weeks_database(clickhouse_url, Weeks(seed=6)) as made:
        yield made


@pytest.fixture
async def api(clickhouse: ClickHouseSettings) -> AsyncIterator[httpx.AsyncClient]:
    limits = ApiSettings()
    asker = Asker(clickhouse, limits)
    app = create_app(asker, tokens_in("demo=TOKEN", {"TOKEN": TOKEN}), limits)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://api.example", headers=headers
    ) as made:
        yield made
    asker.close()


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write values as JSON does: amounts as numbers, days as texts."""
    told = json.dumps(rows, default=lambda each: float(each) if isinstance(each, Decimal) else str(each))
    return list(json.loads(told))


@pytest.mark.parametrize("name", ["visitors", "revenue"])
async def test_every_door_gives_the_same_rows(
    name: str, clickhouse: ClickHouseSettings, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = rows_of_query(name, clickhouse, shop="demo", **ASKED)
    expected = plain([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    monkeypatch.setenv("CLICKHOUSE_URL", clickhouse.url.get_secret_value())
    settings.cache_clear()
    options = [f"--{option.replace('_', '-')}={value}" for option, value in ASKED.items()]
    said = {
        form: CliRunner().invoke(storestream, ["query", name, "--shop=demo", *options, form]).output
        for form in ("--format=json", "--format=csv", "--explain")
    }
    settings.cache_clear()

    assert len(expected) > 5
    assert [json.loads(line) for line in said["--format=json"].splitlines()] == expected
    assert said["--format=csv"] == (await api.get(f"{QUERIES}/{name}", params=ASKED | {"format": "csv"})).text
    assert "ReadFromMergeTree" in said["--explain"]
    assert (await api.get(f"{QUERIES}/{name}", params=ASKED)).json()["rows"] == expected
    assert plain(table_of_query(name, clickhouse, shop="demo", **ASKED).to_pylist()) == expected
    frame = table_of_query(name, clickhouse, shop="demo", **ASKED).to_pandas()
    assert plain(frame.to_dict("records")) == expected


def test_an_analysts_own_client_gets_the_same_rows(clickhouse: ClickHouseSettings, clickhouse_analyst_url: str) -> None:
    answer = rows_of_query("revenue", clickhouse, shop="demo", **ASKED)
    question = question_named("revenue")
    values = bound("revenue", question.parameters, {"shop": "demo"} | ASKED)
    address, database = urlsplit(clickhouse_analyst_url), clickhouse.url.get_secret_value().rpartition("/")[2]
    engine = sqlalchemy.create_engine(f"clickhousedb://{address.netloc}/{database}")
    sql = question.sql
    for name, value in values.items():  # SQLAlchemy has its own way of binding
        kind = next(each.type for each in question.parameters if each.name == name)
        sql = sql.replace(f"{{{name}:{kind}}}", repr(str(value)) if kind == "String" else str(value))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(sql).fetchall()

    reading = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"http://{address.netloc}/{database}"})

    assert [tuple(row) for row in rows] == answer.rows
    assert rows_of_query("revenue", reading, shop="demo", **ASKED) == answer
    assert table_of_query("revenue", reading, shop="demo", **ASKED).num_rows == len(rows) > 10


async def test_a_long_answer_comes_in_pages_or_whole(api: httpx.AsyncClient, clickhouse: ClickHouseSettings) -> None:
    asked = ASKED | {"breakdown": "source"}
    whole = rows_of_query("rates", clickhouse, shop="demo", **asked)
    rows: list[Any] = []
    link: str | None = f"{QUERIES}/rates?{httpx.QueryParams({**asked, 'limit': 7})}"
    while link:
        page = await api.get(link)
        rows += page.json()["rows"]
        link = page.links.get("next", {}).get("url")
    csv = (await api.get(f"{QUERIES}/rates", params={**asked, "format": "csv"})).text.splitlines()
    ndjson = (await api.get(f"{QUERIES}/rates", params={**asked, "format": "ndjson"})).text.splitlines()

    assert len(rows) == len(whole.rows) > 30
    assert [row["visits"] for row in rows] == [row[whole.columns.index("visits")] for row in whole.rows]
    assert [json.loads(line) for line in ndjson] == rows
    assert csv[0] == ",".join(f'"{column}"' for column in whole.columns)
    assert len(csv) == len(rows) + 1


async def test_an_answer_known_already_is_not_sent_again(api: httpx.AsyncClient) -> None:
    first = await api.get(f"{QUERIES}/revenue", params=ASKED)
    second = await api.get(f"{QUERIES}/revenue", params=ASKED, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, max-age=30"
    assert first.headers["vary"] == "Authorization"
    assert (second.status_code, second.content) == (304, b"")


async def test_an_answer_that_costs_too_much_is_refused(clickhouse: ClickHouseSettings) -> None:
    asker = Asker(clickhouse, ApiSettings(max_rows=3))
    app = create_app(asker, tokens_in("demo=TOKEN", {"TOKEN": TOKEN}), ApiSettings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        answer = await client.get(f"{QUERIES}/rates", params=ASKED, headers={"Authorization": f"Bearer {TOKEN}"})
    asker.close()

    assert answer.status_code == 422
    assert "TOO_MANY_ROWS" in answer.json()["detail"]


def test_the_process_answers_and_ends_cleanly(clickhouse: ClickHouseSettings) -> None:
    port = free_port(None)
    environment = os.environ | {"API_PORT": str(port), "API_TOKENS": "demo=DEMO_TOKEN", "DEMO_TOKEN": TOKEN}
    environment["CLICKHOUSE_URL"] = clickhouse.url.get_secret_value()
    command = [sys.executable, "-m", "deploy.cli", "run", "api"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 60
            while time.monotonic() < until and process.poll() is None:
                try:
                    if httpx.get(f"{address}/readyz").is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            answer = httpx.get(f"{address}{QUERIES}/visitors", params=ASKED, headers=headers)
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=30)

    assert answer.json()["rows"]
    assert process.returncode == 0
    assert TOKEN.encode() not in told
