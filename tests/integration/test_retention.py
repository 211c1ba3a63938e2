"""How long rows stay, by table and shop, on a real ClickHouse."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from click.testing import CliRunner

from analytics import retention
from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from deploy.cli import storestream
from schemas.settings import ClickHouseSettings, settings

pytestmark = pytest.mark.integration


class Stage(NamedTuple):
    clickhouse: ClickHouseSettings
    client: Any
    folder: Path

    def says(self, *arguments: str, file: str = "") -> str:
        path = self.folder / "retention.yaml"
        path.write_text(file)
        result = CliRunner().invoke(storestream, ["retention", *arguments, str(path)])
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
def stage(clickhouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    url = f"{clickhouse_url.rstrip('/')}/retention_{uuid4().hex[:8]}"
    monkeypatch.setenv("CLICKHOUSE_URL", url)
    settings.cache_clear()
    clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(clickhouse)
    client = connect(clickhouse)
    yield Stage(clickhouse, client, tmp_path)
    client.command(f"DROP DATABASE {client.database}")
    client.close()
    settings.cache_clear()


def test_each_shop_keeps_its_rows_as_long_as_the_file_says(stage: Stage) -> None:
    stage.client.command(
        "INSERT INTO events (shop_id, event_id, name, occurred_at)"
        " SELECT arrayJoin(['demo', 'other']), toString(number), 'page_viewed', now64(3) - toIntervalDay(number * 50)"
        " FROM numbers(5)"
    )
    file = "tables: {events: {days: 180, shops: {demo: 90}}}"

    assert "for ever" in stage.says("plan", file=file)
    stage.says("apply", "--yes", file=file)
    stage.client.command("OPTIMIZE TABLE events FINAL")

    kept = stage.client.query("SELECT shop_id, max(toUInt32(event_id)) FROM events GROUP BY 1 ORDER BY 1").result_rows
    assert kept == [("demo", 1), ("other", 3)]
    assert "nothing to change" in stage.says("plan", file=file)


def test_for_ever_takes_the_limit_away(stage: Stage) -> None:
    stage.says("apply", "--yes", file="tables: {conversions: {days: 30}, sessions: {days: null, shops: {demo: 5}}}")
    assert "for ever" in stage.says("apply", "--yes", file="tables: {conversions: {days: null}}")

    found = stage.client.query(
        "SELECT name, position(engine_full, ' TTL ') > 0 FROM system.tables"
        " WHERE database = currentDatabase() AND name IN ('conversions', 'sessions') ORDER BY name"
    ).result_rows
    assert found == [("conversions", 0), ("sessions", 1)]


def test_a_limit_for_one_shop_takes_nothing_from_the_others(stage: Stage) -> None:
    file = "tables: {sessions: {days: null, shops: {demo: 5, third: 50}}}"
    stage.client.command(
        "INSERT INTO sessions (shop_id, session_id, ended_at)"
        " SELECT arrayJoin(['demo', 'other', 'third']), generateUUIDv4(), now64(3) - toIntervalDay(number * 20)"
        " FROM numbers(5)"
    )
    stage.says("apply", "--yes", file=file)
    stage.client.command("OPTIMIZE TABLE sessions FINAL")

    kept = stage.client.query("SELECT shop_id, count() FROM sessions GROUP BY 1 ORDER BY 1").result_rows
    assert kept == [("demo", 1), ("other", 5), ("third", 3)]
    assert "nothing to change" in stage.says("plan", file=file)


def test_every_age_is_a_column_of_its_table(stage: Stage) -> None:
    columns = set(
        stage.client.query("SELECT table, name FROM system.columns WHERE database = currentDatabase()").result_rows
    )

    assert set(retention.AGES.items()) <= columns
