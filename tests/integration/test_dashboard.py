"""The dashboard's questions to ClickHouse run on the tables as they are."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from schemas.settings import ClickHouseSettings
from tests.env_example import ROOT

pytestmark = pytest.mark.integration

DASHBOARD = ROOT / "deploy" / "compose" / "grafana" / "dashboards" / "storestream.json"


def questions() -> dict[str, str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {panel["title"]: each["rawSql"] for panel in panels for each in panel["targets"] if "rawSql" in each}


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[Any]:
    """A client of a database of our own, with one conversion and one rejected record of just now."""
    url = SecretStr(f"{clickhouse_url.rstrip('/')}/test_{uuid4().hex[:8]}")
    settings = ClickHouseSettings(CLICKHOUSE_URL=url)
    migrate(settings)
    with closing(connect(settings)) as client:
        client.command("INSERT INTO conversions (shop_id, status, sent_at) VALUES ('demo', 'accepted', now())")
        client.command("INSERT INTO rejected (shop_id, reason, received_at) VALUES ('demo', 'bad_json', now())")
        yield client


@pytest.mark.parametrize(
    ("title", "value"), [("Conversions of the last day", "accepted"), ("Rejected in the last day", "bad_json")]
)
def test_question_of_the_dashboard_is_answered(clickhouse: Any, title: str, value: str) -> None:
    (row,) = clickhouse.query(questions()[title]).result_rows

    assert value in row
    assert 1 in row


def test_each_question_of_the_dashboard_is_tried() -> None:
    assert set(questions()) == {"Conversions of the last day", "Rejected in the last day"}
