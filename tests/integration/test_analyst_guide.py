"""What docs/analyst.md tells an analyst is so: its tables are there, and its examples run as they stand."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from analytics.migrate import migrate
from analytics.questions import questions
from connectors.clickhouse.client import connect
from schemas.settings import ClickHouseSettings

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "analyst.md").read_text()


@pytest.fixture(scope="module")
def database(clickhouse_url: str) -> Iterator[Any]:
    url = f"{clickhouse_url.rstrip('/')}/guide_{uuid4().hex[:8]}"
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(clickhouse)
    client = connect(clickhouse)
    yield client
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def test_every_table_and_view_it_names_is_there(database: Any) -> None:
    there = {row[0] for row in database.query("SHOW TABLES").result_rows}
    (section,) = re.findall(r"^## What is where$(.+?)^## ", GUIDE, re.S | re.M)
    named = {name for cell in re.findall(r"^\| (`.+?`) \|", section, re.M) for name in re.findall(r"`(\w+)`", cell)}

    assert named <= there
    assert {"events", "orders", "sessions", "persons", "products_now"} <= named


def test_its_curl_and_python_examples_run_as_they_stand(database: Any) -> None:
    curl = re.findall(r"--data-binary \"\s*(SELECT.+?)\"", GUIDE, re.S)
    python = ["".join(re.findall(r'"(.*?)"', text)) for text in re.findall(r"query_df\((.*?)parameters", GUIDE, re.S)]

    assert len(curl) == len(python) == 1
    for sql in (curl[0].replace("FORMAT PrettyCompact", ""), *python):
        database.query(sql, parameters={"shop": "demo"})


def test_its_own_question_is_one(database: Any, tmp_path: Path) -> None:
    (text,) = re.findall(r"^    (-- Which search words.+)\Z", GUIDE, re.S | re.M)
    (tmp_path / "lost_searches.sql").write_text(text.replace("\n    ", "\n"))

    question = questions(tmp_path)["lost_searches"]
    assert [each.name for each in question.parameters] == ["shop", "days"]
    database.query(question.sql, parameters={"shop": "demo", "days": 7})


def test_an_analyst_may_ask_over_plain_http(database: Any, clickhouse_analyst_url: str) -> None:
    address = urlsplit(clickhouse_analyst_url)
    parameters = {"user": address.username or "", "database": database.database, "param_shop": "demo"}
    parameters |= {"param_days": "7"}
    if address.password:
        parameters["password"] = address.password
    question = (ROOT / "analytics" / "queries" / "rejected_by_reason.sql").read_bytes()

    answer = httpx.post(f"http://{address.hostname}:{address.port}/", params=parameters, content=question)

    assert (answer.status_code, answer.text) == (200, "")
