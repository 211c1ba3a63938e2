"""The embedded ClickHouse speaks ClickHouse's HTTP protocol, as curl and drivers of other languages use it."""

import io
import json
import subprocess
import uuid

import httpx
import pyarrow
import pyarrow.parquet
import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def http(embedded_http: httpx.Client) -> httpx.Client:
    return embedded_http


@pytest.fixture
def table(http: httpx.Client) -> str:
    name = f"web.t_{uuid.uuid4().hex}"
    http.post("/", content="CREATE DATABASE IF NOT EXISTS web ENGINE = Atomic").raise_for_status()
    http.post("/", content=f"CREATE TABLE {name} (a UInt32, b String) ENGINE = MergeTree ORDER BY a").raise_for_status()
    return name


def asked(http: httpx.Client, sql: str, **parameters: str | int) -> str:
    response = http.post("/", params=parameters, content=sql)
    assert response.status_code == 200, response.text
    return response.text


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status"])
def test_health_checks_answer_ok(http: httpx.Client, path: str) -> None:
    assert http.get(path).text == "Ok.\n"
    assert http.head(path).status_code == 200
    assert httpx.get(f"{http.base_url}{path}").text == "Ok.\n"  # without credentials


def test_a_query_may_be_in_the_url_or_in_the_body_or_in_both(http: httpx.Client) -> None:
    assert http.get("/", params={"query": "SELECT 1"}).text == "1\n"
    assert http.post("/", content="SELECT 1").text == "1\n"
    assert http.post("/", params={"query": "SELECT 1 +"}, content="1").text == "2\n"
    assert http.post("/", content=iter([b"SELE", b"CT 1"])).text == "1\n"  # chunked


def test_curl_gets_an_answer(http: httpx.Client) -> None:
    done = subprocess.run(
        ["curl", "-sS", f"{http.base_url}/?default_format=CSV", "--data-binary", "SELECT 1, 'x'"],
        capture_output=True,
        check=True,
    )

    assert done.stdout == b'1,"x"\n'


@pytest.mark.parametrize(
    ("format_name", "kind"),
    [
        ("JSON", "application/json"),
        ("JSONEachRow", "application/x-ndjson"),
        ("CSV", "text/csv"),
        ("TabSeparated", "text/tab-separated-values"),
        ("Native", "application/octet-stream"),
        ("RowBinary", "application/octet-stream"),
        ("Parquet", "application/octet-stream"),
        ("Arrow", "application/octet-stream"),
        ("CSVWithNames", "text/csv"),
    ],
)
def test_every_format_goes_out_and_comes_in_again(http: httpx.Client, table: str, format_name: str, kind: str) -> None:
    query = "SELECT toUInt32(number) AS a, toString(number) AS b FROM numbers(150000)"
    out = http.post("/", params={"default_format": format_name}, content=query)
    assert out.headers["X-ClickHouse-Format"] == format_name
    assert out.headers["Content-Type"].startswith(kind)
    if format_name == "JSON":
        assert json.loads(out.content)["rows"] == 150_000
        return

    insert = {"query": f"INSERT INTO {table} FORMAT {format_name}"}
    http.post("/", params=insert, content=out.content).raise_for_status()

    assert asked(http, f"SELECT count(), uniqExact(a, b) FROM {table}") == "150000\t150000\n"


def test_parquet_and_arrow_are_what_others_read(http: httpx.Client) -> None:
    parquet = http.post("/", content="SELECT number FROM numbers(200000) FORMAT Parquet").content
    arrow = http.post("/", content="SELECT number FROM numbers(200000) FORMAT ArrowStream").content

    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).num_rows == 200_000
    assert pyarrow.ipc.open_stream(arrow).read_all().num_rows == 200_000


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("", "INSERT INTO {t} VALUES (1, 'x'), (2, concat('y', 'z'))"),
        ("INSERT INTO {t} VALUES", "(1, 'x'), (2, 'y')"),
        ("INSERT INTO {t} FORMAT CSV", "1,x\n2,y\n"),
        ("INSERT INTO {t}", "FORMAT CSV\n1,x\n2,y\n"),
        ("", 'INSERT INTO {t} (b, a) FORMAT JSONEachRow\n{{"a": 1}}\n{{"a": 2}}'),
        ("", "INSERT INTO {t} -- FORMAT CSV\n SETTINGS async_insert = 0 FORMAT TSV\n1\tx\n2\ty\n"),
        ("", "INSERT INTO {t} SELECT number + 1, 'VALUES' FROM numbers(2)"),
    ],
)
def test_rows_may_come_every_way_clickhouse_takes_them(http: httpx.Client, table: str, url: str, body: str) -> None:
    parameters = {"query": url.format(t=table)} if url else {}
    http.post("/", params=parameters, content=body.format(t=table)).raise_for_status()

    assert asked(http, f"SELECT groupArray(a) FROM (SELECT a FROM {table} ORDER BY a)") == "[1,2]\n"


@pytest.mark.parametrize(
    ("table_of", "code"),
    [
        ("CONSTRAINT small CHECK a < 5) ENGINE = MergeTree ORDER BY a", 469),
        ("b UInt8 DEFAULT 1) ENGINE = MergeTree PARTITION BY a ORDER BY a", 252),  # more than 100 of a block
    ],
)
def test_rows_that_are_read_and_cannot_be_written_are_refused(http: httpx.Client, table_of: str, code: int) -> None:
    name = f"web.t_{uuid.uuid4().hex}"
    http.post("/", content="CREATE DATABASE IF NOT EXISTS web ENGINE = Atomic").raise_for_status()
    http.post("/", content=f"CREATE TABLE {name} (a UInt32, {table_of}").raise_for_status()

    rows = "\n".join(map(str, range(200)))
    refused = http.post("/", content=f"INSERT INTO {name} (a) SETTINGS async_insert = 0 -- no more\nFORMAT CSV\n{rows}")

    assert refused.headers["X-ClickHouse-Exception-Code"] == str(code)
    assert asked(http, f"SELECT count() FROM {name}") == "0\n"


def test_a_result_that_breaks_off_is_never_taken_for_complete(http: httpx.Client) -> None:
    sql = "SELECT throwIf(number = 300000) FROM numbers(1000000)"
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/", content=sql)

    assert http.post("/", params={"wait_end_of_query": 1}, content=sql).headers["X-ClickHouse-Exception-Code"] == "395"


def test_a_large_body_goes_through_without_being_held(http: httpx.Client, table: str) -> None:
    line = b"7," + b"x" * 998 + b"\n"
    pieces = (line * 1000 for _ in range(60))  # 60 MB
    http.post("/", params={"query": f"INSERT INTO {table} FORMAT CSV"}, content=pieces).raise_for_status()

    assert asked(http, f"SELECT count() FROM {table}") == "60000\n"
