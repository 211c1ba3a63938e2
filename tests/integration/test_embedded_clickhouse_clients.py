"""Ordinary clients work against the embedded ClickHouse as against any other."""

import datetime
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import numpy
import pandas
import pytest
import sqlalchemy
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from deploy.servers.clickhouse.local import ClickHouse

pytestmark = pytest.mark.integration

NOW = datetime.datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=datetime.UTC)
COLUMNS = ["id", "name", "at", "kind", "price", "tags"]
TABLE = """
CREATE TABLE {name} (
    id UInt64, name String, at DateTime64(3, 'UTC'), kind LowCardinality(String),
    price Nullable(Decimal(18, 2)), tags Array(String)
) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100
"""


def connected(server: ClickHouse, **options: Any) -> Any:
    return clickhouse_connect.get_client(dsn=server.url, **options)


def rows(*ids: int) -> list[list[Any]]:
    return [[at, f"näme\t{at}\\", NOW, "k", "1.50", ["a'b", "ü"]] for at in ids]


@pytest.fixture
def client(embedded_clickhouse: ClickHouse) -> Iterator[Any]:
    with closing(connected(embedded_clickhouse)) as client:
        client.command("CREATE DATABASE IF NOT EXISTS storestream ENGINE = Atomic")
        yield client


@pytest.fixture
def table(client: Any) -> str:
    name = f"storestream.t_{uuid.uuid4().hex}"
    client.command(TABLE.format(name=name))
    return name


def test_rows_come_back_as_they_went_in(client: Any, table: str) -> None:
    client.insert(table, rows(1, 2), column_names=COLUMNS)

    found = client.query(f"SELECT * FROM {table} ORDER BY id").result_rows
    assert [row[0] for row in found] == [1, 2]
    assert found[0][1] == "näme\t1\\"
    assert found[0][2].replace(tzinfo=datetime.UTC) == NOW
    assert str(found[0][4]) == "1.50"
    assert found[0][5] == ["a'b", "ü"]


def test_results_come_as_frames_arrays_and_arrow(client: Any, table: str) -> None:
    client.insert(table, rows(1, 2, 3), column_names=COLUMNS)

    assert list(client.query_df(f"SELECT id FROM {table} ORDER BY id")["id"]) == [1, 2, 3]
    assert numpy.asarray(client.query_np(f"SELECT id FROM {table}")).shape == (3, 1)
    assert client.query_arrow(f"SELECT id, name FROM {table}").num_rows == 3


@pytest.mark.parametrize("way", ["query_row_block_stream", "query_df_stream", "query_arrow_stream"])
def test_long_results_stream(client: Any, way: str) -> None:
    with getattr(client, way)("SELECT number FROM numbers(300000)") as stream:
        counts = [block.num_rows if hasattr(block, "num_rows") else len(block) for block in stream]

    assert sum(counts) == 300_000


def test_an_error_amid_a_stream_reaches_the_reader(client: Any) -> None:
    with (
        pytest.raises(DatabaseError, match="throwIf"),
        client.query_row_block_stream("SELECT throwIf(number = 250000) FROM numbers(1000000)") as stream,
    ):
        for _ in stream:
            pass


def test_frames_files_and_contexts_can_be_inserted(client: Any, table: str) -> None:
    client.insert_df(table, pandas.DataFrame({"id": [1, 2], "name": ["a", "b"]}))
    client.raw_insert(table, ["id", "name"], b"3,c\n4,d\n", fmt="CSV")
    context = client.create_insert_context(table, ["id", "name"], data=[[5, "e"]])
    client.insert(context=context)

    assert client.command(f"SELECT groupArray(id) FROM (SELECT id FROM {table} ORDER BY id)") == "[1,2,3,4,5]"


@pytest.mark.parametrize("bound", ["{name:String}", "%(name)s"])
@pytest.mark.parametrize("value", ["it's", "a\tb", "line\nline", "back\\slash", "é", ""])
def test_bound_values_arrive_unchanged(client: Any, bound: str, value: str) -> None:
    assert client.query(f"SELECT {bound}", parameters={"name": value}).result_rows == [(value,)]


def test_the_same_token_inserts_once(client: Any, table: str) -> None:
    token = {"insert_deduplication_token": "p-0-1-2", "async_insert": 0}
    client.insert(table, rows(1, 2), column_names=COLUMNS, settings=token)
    client.insert(table, rows(7, 8, 9), column_names=COLUMNS, settings=token)

    assert client.command(f"SELECT count() FROM {table}") == 2


def test_settings_of_a_query_end_with_it(client: Any) -> None:
    with pytest.raises(DatabaseError, match="max rows"):
        client.query("SELECT number FROM numbers(10)", settings={"max_result_rows": 5})

    assert len(client.query("SELECT number FROM numbers(10)").result_rows) == 10


def test_a_session_keeps_temporary_tables_and_sets(embedded_clickhouse: ClickHouse) -> None:
    with closing(connected(embedded_clickhouse, session_id=str(uuid.uuid4()))) as client:
        client.command("CREATE TEMPORARY TABLE mine (x Int8)")
        client.insert("mine", [[1], [2]], ["x"])
        client.command("SET max_result_rows = 1")

        with pytest.raises(DatabaseError, match="max rows"):
            client.query("SELECT x FROM mine")
        assert client.query("SELECT sum(x) FROM mine", settings={"max_result_rows": 9}).result_rows == [(3,)]


@pytest.mark.parametrize("coding", [False, "lz4", "zstd", "gzip"])
def test_bodies_are_compressed_both_ways(embedded_clickhouse: ClickHouse, table: str, coding: str | bool) -> None:
    with closing(connected(embedded_clickhouse, compress=coding)) as client:
        client.insert(table, rows(*range(5_000)), column_names=COLUMNS)

        assert client.command(f"SELECT count() FROM {table}") == 5_000
        assert len(client.query(f"SELECT * FROM {table}").result_rows) == 5_000


def test_external_data_is_a_table_of_the_query(client: Any) -> None:
    extra = ExternalData(file_name="extra.csv", data=b"1,a\n2,b\n", fmt="CSV", structure="x Int8, y String")

    assert client.query("SELECT max(x), max(y) FROM extra", external_data=extra).result_rows == [(2, "b")]


def test_errors_carry_their_code_and_name(client: Any) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE") as raised:
        client.query("SELECT * FROM nowhere")

    assert raised.value.code == 60


def test_commands_tell_results_from_none(client: Any, table: str) -> None:
    assert client.command(f"EXISTS TABLE {table}") == 1
    assert client.command("SELECT 1 WHERE 0") == ""
    assert client.query(f"SELECT id, name FROM {table} LIMIT 0").column_names == ("id", "name")
    assert client.command(f"OPTIMIZE TABLE {table}").written_rows == 0


@pytest.fixture
async def async_client(embedded_clickhouse: ClickHouse) -> AsyncIterator[Any]:
    client = await clickhouse_connect.get_async_client(dsn=embedded_clickhouse.url)
    yield client
    await client.close()


async def test_the_async_client_works_too(async_client: Any, table: str) -> None:
    await async_client.insert(table, rows(1, 2), column_names=COLUMNS)

    assert (await async_client.query(f"SELECT count() FROM {table}")).result_rows == [(2,)]
    async with await async_client.query_row_block_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum([len(block) async for block in stream]) == 200_000


def test_sqlalchemy_queries_and_inspects(embedded_clickhouse: ClickHouse, client: Any, table: str) -> None:
    client.insert(table, rows(1, 2), column_names=COLUMNS)
    place = urlsplit(embedded_clickhouse.url).netloc
    engine = sqlalchemy.create_engine(f"clickhousedb://{place}/storestream")
    try:
        with engine.connect() as connection:
            query = sqlalchemy.text(f"SELECT count() FROM {table} WHERE id > :least")
            assert connection.execute(query, {"least": 1}).scalar() == 1
        inspector = sqlalchemy.inspect(engine)
        assert table.removeprefix("storestream.") in inspector.get_table_names()
        columns = inspector.get_columns(table.removeprefix("storestream."))
        assert [column["name"] for column in columns] == COLUMNS
    finally:
        engine.dispose()
