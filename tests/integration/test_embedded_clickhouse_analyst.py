"""Whoever comes without a password reads tables and nothing else: no writes, files, network or lifted limits."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import httpx
import pytest
import sqlalchemy

from deploy.servers.clickhouse.local import ClickHouse

pytestmark = pytest.mark.integration


@pytest.fixture
def analyst(embedded_clickhouse: ClickHouse) -> Iterator[httpx.Client]:
    writer = urlsplit(embedded_clickhouse.url)
    place = f"http://127.0.0.1:{embedded_clickhouse.port}/"
    auth = (writer.username or "", writer.password or "")
    for sql in (
        "CREATE DATABASE IF NOT EXISTS shop ENGINE = Atomic",
        "CREATE TABLE IF NOT EXISTS shop.events (id UInt32) ENGINE = ReplacingMergeTree ORDER BY id",
        "INSERT INTO shop.events SELECT number FROM numbers(10)",
    ):
        httpx.post(place, auth=auth, content=sql).raise_for_status()
    with httpx.Client(base_url=place, timeout=60) as client:
        yield client


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM shop.events FINAL",
        "WITH 1 AS x SELECT x",
        "SHOW TABLES FROM shop",
        "DESCRIBE TABLE shop.events",
        "EXPLAIN SELECT 1",
        "EXISTS TABLE shop.events",
        "SHOW CREATE TABLE shop.events",
        "SELECT format('{}', 'file(x)'), 'url(1)', quantile(0.5)(id) FROM shop.events",
        "SELECT * FROM merge('shop', 'events')",
        "SELECT 1 FORMAT JSONCompact",
        "SELECT name FROM system.tables -- file('/etc/passwd')",
    ],
)
def test_reading_is_allowed(analyst: httpx.Client, sql: str) -> None:
    assert analyst.post("/", content=sql).status_code == 200
    assert analyst.get("/", params={"query": sql}).status_code == 200


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO shop.events VALUES (11)",
        "INSERT INTO shop.events SELECT 11",
        "INSERT INTO FUNCTION file('{out}') SELECT 1",
        "CREATE TABLE shop.more (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE more (a Int8)",
        "ALTER TABLE shop.events DELETE WHERE 1",
        "DELETE FROM shop.events WHERE 1",
        "DROP TABLE shop.events",
        "TRUNCATE TABLE shop.events",
        "OPTIMIZE TABLE shop.events",
        "RENAME TABLE shop.events TO shop.other",
        "KILL QUERY WHERE 1",
        "SYSTEM STOP MERGES",
        "BACKUP TABLE shop.events TO File('x.zip')",
        "SET readonly = 0",
        "SET max_execution_time = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT 1 INTO OUTFILE '{out}'",
        "SELECT 1 INTO/**/OUTFILE '{out}'",
        "SELECT 1; DROP TABLE shop.events",
        "SELECT file('{secret}')",
        "SELECT `fi\\x6ce`('{secret}')",
        "SELECT file/* */ ($$ {secret}$$)",
        "SELECT arrayMap(x -> file(x), ['{secret}'])",
        "WITH f AS (SELECT file('{secret}')) SELECT * FROM f",
        "SELECT * FROM file('{secret}', 'LineAsString')",
        "SELECT * FROM `{secret}`",
        "SELECT * FROM default.`{secret}`",
        "DESCRIBE file('{secret}')",
        "DESCRIBE TABLE file('{secret}')",
        "EXISTS TABLE `{secret}`",
        "SELECT * FROM view(SELECT file('{secret}'))",
        "EXPLAIN SELECT file('{secret}')",
        "SELECT * FROM url('http://127.0.0.1:{port}/', 'LineAsString')",
        "DESCRIBE url('http://127.0.0.1:{port}/?query=SELECT+1', 'CSV')",
        "SELECT * FROM s3('http://127.0.0.1:{port}/x.csv')",
        "SELECT * FROM remote('127.0.0.1:{port}', 'system.one')",
        "SELECT * FROM mysql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
        "SELECT * FROM postgresql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
        "SELECT * FROM executable('id', 'TSV', 'a String')",
        "SELECT * FROM python(os)",
        "DESCRIBE Python(os)",
        "SELECT * FROM sqlite('{secret}', 't')",
        "SELECT * FROM eval('SELECT 1')",
        "EXECUTE AS default SELECT 1",
    ],
)
def test_everything_else_is_refused(
    analyst: httpx.Client, embedded_clickhouse: ClickHouse, tmp_path: Path, sql: str
) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out.csv"
    secret.write_text("hunter2,1\n")
    written = sql.replace("{secret}", str(secret)).replace("{out}", str(out))
    written = written.replace("{port}", str(embedded_clickhouse.port))

    answers = [analyst.post("/", content=written), analyst.get("/", params={"query": written})]
    for answer in answers:
        assert answer.status_code >= 400
        assert answer.headers["X-ClickHouse-Exception-Code"] in {"62", "164", "344", "358", "497"}
        assert "hunter2" not in answer.text
    assert not out.exists()
    assert analyst.post("/", content="SELECT count() FROM shop.events FINAL").text == "10\n"


def test_files_sent_along_make_no_table_that_reaches_out(analyst: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("hunter2\n")
    trick = f"a String) ENGINE = File(CSV, '{tmp_path}/secret.csv') --"
    parameters = {"query": "SELECT * FROM mine", "mine_structure": trick, "mine_format": "CSV"}
    refused = analyst.post("/", params=parameters, files={"mine": ("mine", b"x\n")})
    parameters["mine_structure"] = "a String"
    fine = analyst.post("/", params=parameters, files={"mine": ("mine", b"x\n")})

    assert refused.status_code >= 400
    assert "hunter2" not in refused.text
    assert fine.text == "x\n"


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("max_execution_time", "0", "452"),
        ("max_execution_time", "31", "452"),
        ("max_memory_usage", "99999999999", "452"),
        ("max_result_rows", "nan", "452"),
        ("allow_introspection_functions", "1", "164"),
        ("dialect", "prql", "164"),
        ("format_template_resultset", "/etc/passwd", "164"),
        ("output_format_schema", "/tmp/written", "164"),
        ("readonly", "0", "164"),
        ("log_comment'", "1", "164"),
    ],
)
def test_limits_are_not_lifted(analyst: httpx.Client, setting: str, value: str, code: str) -> None:
    answer = analyst.post("/", params={setting: value}, content="SELECT 1")

    assert answer.headers["X-ClickHouse-Exception-Code"] == code


def test_limits_hold_and_may_be_lowered(analyst: httpx.Client) -> None:
    rows = analyst.post("/", params={"wait_end_of_query": 1}, content="SELECT number FROM numbers(1000001)")
    memory = analyst.post("/", content="SELECT length(groupArray(number)) FROM numbers(500000000)")
    shorter = {"max_execution_time": 0.5}
    slow = analyst.post(
        "/", params=shorter, content="SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)"
    )
    broken_off: dict[str, str | int] = {"max_result_rows": 10, "result_overflow_mode": "break", "max_block_size": 10}
    some = analyst.post("/", params=broken_off, content="SELECT number FROM numbers(100000)")

    codes = [answer.headers["X-ClickHouse-Exception-Code"] for answer in (rows, memory, slow)]
    assert codes == ["396", "241", "159"]
    assert some.status_code == 200
    assert 10 <= len(some.text.splitlines()) < 100


def test_clients_connect_and_read_without_a_password(analyst: httpx.Client, embedded_clickhouse: ClickHouse) -> None:
    with closing(clickhouse_connect.get_client(dsn=embedded_clickhouse.analyst_url, database="shop")) as client:
        bound = client.query("SELECT max(id) FROM events WHERE id < {x:UInt32}", parameters={"x": 5})
        assert bound.result_rows == [(4,)]
        with client.query_df_stream("SELECT id FROM events FINAL") as stream:
            assert sum(len(frame) for frame in stream) == 10
    engine = sqlalchemy.create_engine(f"clickhousedb://analyst@127.0.0.1:{embedded_clickhouse.port}/shop")
    try:
        assert sqlalchemy.inspect(engine).get_table_names() == ["events"]
    finally:
        engine.dispose()


def test_a_session_of_an_analyst_remembers_its_database(analyst: httpx.Client) -> None:
    session = {"session_id": str(uuid.uuid4())}
    analyst.post("/", params=session, content="USE shop").raise_for_status()

    assert analyst.post("/", params=session, content="SELECT count() FROM events FINAL").text == "10\n"
    assert analyst.post("/", params=session, content="INSERT INTO events VALUES (1)").status_code >= 400
