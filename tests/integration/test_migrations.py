"""Migrations on a real ClickHouse: made from nothing, made once, and refused when changed."""

import csv
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from analytics import migrate as migrating
from analytics.migrate import FOLDER, migrate
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import COLUMNS, rows_of
from deploy.cli import storestream
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings, settings
from tests.archived import a_rejection, a_session, an_enriched_event

pytestmark = pytest.mark.integration


@pytest.fixture
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    url = f"{clickhouse_url.rstrip('/')}/migrations_{uuid4().hex[:8]}"
    made = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    yield made
    client = connect(made, database="default")
    client.command(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]}")
    client.close()


def a_folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.sql").write_text(text)
    return tmp_path


def test_every_column_the_archive_writes_is_there_and_every_column_says_what_it_is(
    clickhouse: ClickHouseSettings,
) -> None:
    applied = migrate(clickhouse)
    client = connect(clickhouse)
    described = client.query("SELECT table, name, comment FROM system.columns WHERE database = currentDatabase()")
    engine = client.query("SELECT engine FROM system.databases WHERE name = currentDatabase()").result_rows
    client.close()

    assert applied == [path.name for path in sorted(FOLDER.glob("*.sql"))]
    assert engine == [("Atomic",)]
    columns: dict[str, dict[str, str]] = {}
    for table, name, comment in described.result_rows:
        columns.setdefault(table, {})[name] = comment
    for table, written in COLUMNS.items():
        assert set(written) == columns[table].keys(), table
        assert all(columns[table].values()), table


def test_a_second_run_does_nothing(clickhouse: ClickHouseSettings) -> None:
    migrate(clickhouse)

    assert migrate(clickhouse) == []


def test_two_runs_at_once_apply_everything_once(clickhouse: ClickHouseSettings) -> None:
    applied: list[str] = []
    runs = [threading.Thread(target=lambda: applied.extend(migrate(clickhouse))) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert sorted(applied) == sorted(path.name for path in FOLDER.glob("*.sql"))


def test_a_changed_file_is_refused_and_a_new_one_applied(clickhouse: ClickHouseSettings, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, **{"0001_a": "CREATE TABLE a (x UInt8) ENGINE = {{engine:MergeTree}} ORDER BY x;"})
    assert migrate(clickhouse, folder) == ["0001_a.sql"]
    a_folder(tmp_path, **{"0002_b": "ALTER TABLE a ADD COLUMN y UInt8;"})
    assert migrate(clickhouse, folder) == ["0002_b.sql"]
    a_folder(tmp_path, **{"0001_a": "CREATE TABLE a (x UInt16) ENGINE = MergeTree ORDER BY x;"})

    with pytest.raises(ConfigurationError, match=r"0001_a\.sql was changed after it had been applied"):
        migrate(clickhouse, folder)


def test_a_file_that_fails_is_named_and_may_be_corrected(clickhouse: ClickHouseSettings, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, **{"0001_a": "CREATE TABLE a (x Uint9) ENGINE = MergeTree ORDER BY x;"})
    with pytest.raises(ConfigurationError, match=r"0001_a\.sql: ClickHouse refused it: .*Uint9"):
        migrate(clickhouse, folder)
    a_folder(tmp_path, **{"0001_a": "CREATE TABLE a (x UInt8) ENGINE = MergeTree ORDER BY x;"})

    assert migrate(clickhouse, folder) == ["0001_a.sql"]


def test_a_lock_left_by_a_dead_run_is_taken_over(
    clickhouse: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(clickhouse)
    client = connect(clickhouse)
    client.command("CREATE TABLE migrations_lock (nothing UInt8) ENGINE = Memory")
    client.close()
    monkeypatch.setattr(migrating, "LOCK_SECONDS", 1.0)

    assert migrate(clickhouse) == []


def test_the_same_envelope_twice_is_the_same_rows(clickhouse: ClickHouseSettings) -> None:
    migrate(clickhouse)
    envelope = {"events": [an_enriched_event()], "sessions": [a_session()], "orders": [], "timelines": []}
    tables = ("events", "sessions")
    client, inserter = connect(clickhouse), Inserter(clickhouse)

    def write(offset: int, token: str) -> list[object]:
        for table in tables:
            inserter.insert(table, rows_of("events.enriched", envelope, 0, offset)[table], token)
        unversioned = "* EXCEPT (version, kafka_offset)", "* EXCEPT version"
        return [
            client.query(f"SELECT {columns} FROM {table} FINAL").result_rows
            for table, columns in zip(tables, unversioned, strict=True)
        ]

    first = write(17, "a")
    assert write(17, "a") == first
    assert client.query("SELECT count() FROM events").result_rows == [(1,)]
    assert write(40, "b") == first
    assert client.query("SELECT count() FROM events").result_rows == [(2,)]
    inserter.close()
    client.close()


def test_times_amounts_and_bytes_read_back_exactly(clickhouse: ClickHouseSettings) -> None:
    migrate(clickhouse)
    inserter = Inserter(clickhouse)
    event = an_enriched_event(occurred_at=1_793_000_000_001, value=0.1 + 0.2, totals={"tax": 19.989999999999998})
    envelope = {"events": [event], "sessions": [], "orders": [], "timelines": []}
    inserter.insert("events", rows_of("events.enriched", envelope, 0, 0)["events"], "a")
    rejection = a_rejection(payload=bytes(range(256)) * 2)
    inserter.insert("rejected", rows_of("records.rejected", rejection, 0, 0)["rejected"], "a")

    assert inserter.rows(
        "SELECT toUnixTimestamp64Milli(occurred_at), toString(value), toString(totals['tax']) FROM events", {}
    ) == [(1_793_000_000_001, "0.3", "19.99")]
    assert inserter.rows("SELECT hex(payload) FROM rejected", {}) == [(rejection["payload"].hex().upper(),)]
    inserter.close()


def test_the_commands_migrate_and_ask(clickhouse: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_URL", clickhouse.url.get_secret_value())
    settings.cache_clear()
    run = CliRunner().invoke
    migrated, again = run(storestream, ["migrate"]), run(storestream, ["migrate"])
    inserter = Inserter(clickhouse)
    now = {"occurred_at": (int(time.time()) - 60) * 1000}
    envelope = {"events": [an_enriched_event(**now)], "sessions": [], "orders": [], "timelines": []}
    inserter.insert("events", rows_of("events.enriched", envelope, 0, 0)["events"], "a")
    inserter.close()
    asked = {
        form: run(storestream, ["query", "overview", "--shop", "demo", "--days", "7", *form.split()])
        for form in ("", "--format json", "--format csv", "--explain")
    }
    settings.cache_clear()

    assert (migrated.exit_code, again.output) == (0, "nothing to do\n")
    assert "0001_events.sql" in migrated.output
    told = json.loads(asked["--format json"].output)
    (listed,) = csv.DictReader(asked["--format csv"].output.splitlines())
    assert (told["events"], told["orders"], listed["events"]) == (1, 0, "1")
    assert asked[""].output.split()[: len(told)] == list(told)
    assert "ReplacingMergeTree" in asked["--explain"].output or "ReadFromMergeTree" in asked["--explain"].output
