"""Bodies to and from the embedded ClickHouse may be compressed, by HTTP's codings or ClickHouse's own."""

import gzip
import uuid
import zlib

import httpx
import lz4.frame
import pytest
import zstandard

from deploy.servers.clickhouse.frames import BlockDecoder, BlockEncoder
from deploy.servers.clickhouse.local import ClickHouse

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


def test_the_engines_own_files_are_blocks_we_read(http: httpx.Client, embedded_clickhouse: ClickHouse) -> None:
    http.post("/", content="CREATE TABLE web.log (a UInt8) ENGINE = TinyLog").raise_for_status()
    http.post("/", content="INSERT INTO web.log SELECT 7 FROM numbers(100)").raise_for_status()
    (column,) = (embedded_clickhouse.folder / "engine").rglob("a.bin")

    assert BlockDecoder().decompress(column.read_bytes()) == b"\x07" * 100
