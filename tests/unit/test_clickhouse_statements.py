"""The embedded ClickHouse finds where statements end and rows begin, and sorts what a request says."""

import io

import pytest

from deploy.servers.clickhouse.access import ANALYST, WRITER, password_of, user_of
from deploy.servers.clickhouse.engine import identifier, quoted, setting_name
from deploy.servers.clickhouse.errors import QueryError, from_engine, refusal
from deploy.servers.clickhouse.parameters import analyst_settings, escaped, parameters_of
from deploy.servers.clickhouse.request import statement_of
from deploy.servers.clickhouse.sessions import Sessions
from deploy.servers.clickhouse.statements import first_word, format_of


@pytest.mark.parametrize(
    ("query", "body", "sql", "format_name", "rows"),
    [
        ("", b"INSERT INTO t FORMAT Native\n\x01\n", "INSERT INTO t", "Native", b"\x01\n"),
        ("", b"insert into t format CSV\r\n1\r\n", "insert into t", "CSV", b"1\r\n"),
        ("", b"INSERT INTO t VALUES (1)", "INSERT INTO t", "Values", b" (1)"),
        ("INSERT INTO t FORMAT CSV", b"\n1", "INSERT INTO t", "CSV", b"\n1"),
        ("INSERT INTO t", b"FORMAT CSV\n1", "INSERT INTO t", "CSV", b"1"),
        ("", b"INSERT INTO values (format) VALUES (1)", "INSERT INTO values (format)", "Values", b" (1)"),
        ("", b"INSERT INTO db.select FORMAT TSV\n1", "INSERT INTO db.select", "TSV", b"1"),
        ("", b"INSERT INTO `a FORMAT b` FORMAT TSV\n1", "INSERT INTO `a FORMAT b`", "TSV", b"1"),
        ("", b"/* INSERT */ INSERT INTO t (a) -- VALUES\nFORMAT TSV 1", "(a) -- VALUES", "TSV", b"1"),
        ("", b"INSERT INTO FUNCTION null('a Int8') FORMAT TSV\n1", "null('a Int8')", "TSV", b"1"),
        ("", b"INSERT INTO t SETTINGS a = 'VALUES' FORMAT TSV\n1", "SETTINGS a = 'VALUES'", "TSV", b"1"),
    ],
)
def test_rows_begin_where_clickhouse_lets_them_begin(
    query: str, body: bytes, sql: str, format_name: str, rows: bytes
) -> None:
    statement = statement_of(query, io.BytesIO(body), default_format=None)

    assert statement.rows is not None
    assert statement.sql.endswith(sql)
    assert statement.rows.format == format_name
    assert statement.rows.begun + statement.rows.rest.read() == rows


def test_rows_without_a_format_take_the_one_of_the_request() -> None:
    statement = statement_of("INSERT INTO t (a)", io.BytesIO(b"select 1\n"), default_format="LineAsString")

    assert statement.rows is not None
    assert (statement.rows.format, statement.rows.rest.read()) == ("LineAsString", b"select 1\n")


@pytest.mark.parametrize(
    "sql", ["INSERT INTO t SELECT 'FORMAT', 1", "INSERT INTO t WITH 1 AS x SELECT x", "SELECT 'INSERT INTO t VALUES'"]
)
def test_statements_that_bring_no_rows_stay_whole(sql: str) -> None:
    statement = statement_of("", io.BytesIO(sql.encode()), default_format=None)

    assert (statement.sql, statement.rows) == (sql, None)


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("", b"", 211),
        ("", b" \n", 211),
        ("", b"SELECT '\xff'", 48),
        ("", b"INSERT INTO t FROM INFILE 'x' FORMAT CSV", 48),
        ("", b"INSERT INTO t SELECT * FROM input('a Int8') FORMAT CSV\n1", 48),
    ],
)
def test_what_it_cannot_run_is_refused(query: str, body: bytes, code: int) -> None:
    with pytest.raises(QueryError) as raised:
        statement_of(query, io.BytesIO(body), default_format=None)

    assert raised.value.code == code


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (b"SELECT 1", "TSV"),
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 format JSON ;", "JSON"),
        (b"SELECT 1 FORMAT JSON SETTINGS a = 1", "JSON"),
        (b"SELECT 1 SETTINGS a = 1 FORMAT JSON", "JSON"),
        (b"SELECT format FROM t", "TSV"),
        (b"SELECT 'FORMAT JSON' -- FORMAT CSV", "TSV"),
        (b"SELECT * FROM (SELECT 1 FORMAT JSON)", "TSV"),
    ],
)
def test_the_format_of_a_result_is_found(sql: bytes, found: str) -> None:
    assert format_of(sql, "TSV") == found


def test_the_first_word_is_found_after_comments() -> None:
    assert first_word(b"/* a */ -- b\n#! c\n select 1") == "SELECT"
    assert first_word(b"(SELECT 1)") == "("
    assert first_word(b"") == ""


def test_errors_keep_their_code_and_get_its_status() -> None:
    found = from_engine(RuntimeError("noise Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)"))

    assert (found.code, found.status, found.text[:9]) == (60, 404, "Code: 60.")
    assert from_engine(RuntimeError("odd")).status == 500
    assert refusal("AUTHENTICATION_FAILED", "x").status == 401


@pytest.mark.parametrize("name", ["", "default", "analyst"])
def test_whoever_has_no_password_is_an_analyst(name: str) -> None:
    assert user_of({}, {"user": name} if name else {}, password="p") is ANALYST


@pytest.mark.parametrize("authorization", ["Basic !!", "Basic /////w==", "Bearer x", "Basic c3RvcmVzdHJlYW06eA=="])
def test_wrong_credentials_are_refused(authorization: str) -> None:
    with pytest.raises(QueryError, match="AUTHENTICATION_FAILED"):
        user_of({"authorization": authorization}, {}, password="p")


def test_the_writer_is_known_by_password(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data")
    password = password_of(folder)
    headers = {"x-clickhouse-user": "storestream", "x-clickhouse-key": password}

    assert user_of(headers, {}, password=password_of(folder)) is WRITER


def test_parameters_are_sorted_by_who_reads_them() -> None:
    found = parameters_of({"query_id": "q", "param_x": "1", "max_threads": "2", "wait_end_of_query": "1"})

    assert (found.bound, found.settings) == ({"x": "1"}, {"max_threads": "2"})
    assert found.flag("wait_end_of_query")
    assert not found.flag("compress")


def test_an_analysts_limits_are_there_and_may_only_be_lowered() -> None:
    assert analyst_settings({"readonly": "2"})["max_execution_time"] == "30"
    assert analyst_settings({"max_execution_time": "5"})["max_execution_time"] == "5"
    with pytest.raises(QueryError, match="SETTING_CONSTRAINT_VIOLATION"):
        analyst_settings({"max_execution_time": "inf"})
    with pytest.raises(QueryError, match="READONLY"):
        analyst_settings({"format_schema": "/etc/passwd"})


def test_names_and_strings_are_quoted() -> None:
    assert quoted("it's\\") == r"'it\'s\\'"
    assert identifier("a`b") == r"`a\`b`"
    assert escaped("a\tb\\\n") == r"a\tb\\" + r"\n"
    with pytest.raises(QueryError, match="UNKNOWN_SETTING"):
        setting_name("a = 1, b")


def test_a_session_ends_after_its_time_and_is_one_clients_at_a_time() -> None:
    now = [0.0]
    sessions = Sessions(now=lambda: now[0])
    key = ("analyst", "s")
    first = sessions.take(key, timeout="10", check=False, new=lambda: None)
    with pytest.raises(QueryError, match="SESSION_IS_LOCKED"):
        sessions.take(key, timeout="", check=False, new=lambda: None)
    sessions.give_back(first)
    now[0] = 10
    assert sessions.take(key, timeout="10", check=True, new=lambda: None) is first
    sessions.give_back(first)
    now[0] = 21

    with pytest.raises(QueryError, match="SESSION_NOT_FOUND"):
        sessions.take(key, timeout="", check=True, new=lambda: None)
    with pytest.raises(QueryError, match="INVALID_SESSION_TIMEOUT"):
        sessions.take(key, timeout="3601", check=False, new=lambda: None)
