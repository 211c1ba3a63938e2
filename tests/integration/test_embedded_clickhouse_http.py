"""The embedded ClickHouse speaks ClickHouse's HTTP protocol, as curl and drivers of other languages use it."""

import gzip
import io
import json
import subprocess
import uuid
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import lz4.frame
import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from deploy.servers.clickhouse.frames import BlockDecoder, BlockEncoder
from deploy.servers.clickhouse.local import ClickHouse

pytestmark = pytest.mark.integration


@pytest.fixture
def http(embedded_clickhouse: ClickHouse) -> Iterator[httpx.Client]:
    url = urlsplit(embedded_clickhouse.url)
    place = f"http://127.0.0.1:{url.port}"
    with httpx.Client(base_url=place, auth=(url.username or "", url.password or ""), timeout=60) as client:
        yield client


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


CODED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}
PLAIN = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda coded: zstandard.ZstdDecompressor().decompressobj().decompress(coded),
    "lz4": lz4.frame.decompress,
}


@pytest.mark.parametrize("coding", list(CODED))
def test_bodies_are_coded_as_http_says(http: httpx.Client, table: str, coding: str) -> None:
    rows = b"".join(b"%d,x\n" % a for a in range(1000))
    coded = CODED[coding](rows[:2000]) + CODED[coding](rows[2000:])  # two streams, one after the other
    headers = {"Content-Encoding": coding}
    insert = {"query": f"INSERT INTO {table} FORMAT CSV"}
    http.post("/", params=insert, headers=headers, content=coded).raise_for_status()

    request = http.build_request(
        "POST", "/", headers={"Accept-Encoding": coding}, content=f"SELECT sum(a) FROM {table}"
    )
    response = http.send(request, stream=True)
    assert response.headers["Content-Encoding"] == coding
    raw = b"".join(response.iter_raw())
    assert PLAIN[coding](raw) == b"499500\n"


@pytest.mark.parametrize("coding", ["br", "snappy"])
def test_a_coding_it_does_not_know_is_refused(http: httpx.Client, coding: str) -> None:
    response = http.post("/", headers={"Content-Encoding": coding}, content=b"SELECT 1")

    assert response.status_code == 500
    assert response.headers["X-ClickHouse-Exception-Code"] == "89"


def test_broken_bodies_are_refused_and_insert_nothing(http: httpx.Client, table: str) -> None:
    insert = {"query": f"INSERT INTO {table} FORMAT CSV"}
    cut = CODED["gzip"](b"1,x\n" * 1000)[:-20]
    assert http.post("/", params=insert, headers={"Content-Encoding": "gzip"}, content=cut).status_code == 500
    assert http.post("/", params=insert, content=b"1,x\n" * 1000 + b"oops\n").status_code == 400

    assert asked(http, f"SELECT count() FROM {table}") == "0\n"


def test_clickhouses_own_compressed_blocks_work_both_ways(http: httpx.Client, table: str) -> None:
    encoder, decoder = BlockEncoder(), BlockDecoder()
    rows = encoder.compress(b"".join(b"%d,x\n" % a for a in range(200_000)))
    http.post(
        "/", params={"query": f"INSERT INTO {table} FORMAT CSV", "decompress": 1}, content=rows
    ).raise_for_status()

    answer = http.post("/", params={"compress": 1}, content=f"SELECT a FROM {table} ORDER BY a FORMAT RowBinary")
    assert len(decoder.decompress(answer.content)) == 800_000
    decoder.finish()
    broken = bytes([*rows[:40], rows[40] ^ 1, *rows[41:]])
    refused = http.post("/", params={"query": f"INSERT INTO {table} FORMAT CSV", "decompress": 1}, content=broken)
    assert refused.headers["X-ClickHouse-Exception-Code"] == "40"


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
