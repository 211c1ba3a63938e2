"""Headers, errors, users, sessions and the ends of queries are ClickHouse's, so that drivers need not know."""

import json
import threading
import time
import uuid
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.servers.clickhouse.local import ClickHouse

pytestmark = pytest.mark.integration

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"


@pytest.fixture
def http(embedded_http: httpx.Client) -> httpx.Client:
    return embedded_http


def in_background(http: httpx.Client, sql: str, **parameters: str) -> tuple[threading.Thread, list[httpx.Response]]:
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(http.post("/", params=parameters, content=sql)))
    thread.start()
    return thread, answers


def running(http: httpx.Client, part: str) -> int:
    query = "SELECT count() FROM system.processes WHERE query LIKE {part:String} AND query NOT LIKE '%processes%'"
    return int(http.post("/", params={"param_part": f"%{part}%"}, content=query).text)


def read_a_little(client: httpx.Client, sql: str, begun: threading.Event) -> None:
    parameters = {"cancel_http_readonly_queries_on_client_close": 1}
    try:
        with client.stream("POST", "/", params=parameters, content=sql, timeout=1) as response:
            next(response.iter_raw())
            begun.wait(10)
    except httpx.ReadTimeout:
        return  # it was still counting; now its client is gone


def test_an_error_has_its_status_code_and_text(http: httpx.Client) -> None:
    response = http.post("/", content="SELECT * FROM nowhere")

    assert response.status_code == 404
    assert response.headers["X-ClickHouse-Exception-Code"] == "60"
    assert response.text.startswith("Code: 60. DB::Exception: ")
    assert "(UNKNOWN_TABLE)" in response.text


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELEC 1", 400, "62"),
        ("SELECT 1; SELECT 2", 400, "62"),
        ("", 400, "211"),
        ("SELECT nothing", 404, "47"),
        ("SELECT 1 FORMAT Nothing", 404, "73"),
        ("SELECT 1 INTO OUTFILE '/tmp/never.csv'", 500, "358"),
        ("INSERT INTO t FROM INFILE '/etc/hostname' FORMAT CSV", 501, "48"),
        ("exit", 400, "62"),
        ("\\\\l", 400, "62"),
        ("INSERT INTO t SELECT a FROM input('a Int8') FORMAT CSV\n1\n", 501, "48"),
        ("SELECT 1 SETTINGS nothing = 1", 404, "115"),
        ("SELECT {x:UInt8}", 400, "456"),
    ],
)
def test_what_cannot_be_run_is_refused_as_clickhouse_does(http: httpx.Client, sql: str, status: int, code: str) -> None:
    response = http.post("/", content=sql)

    assert (response.headers["X-ClickHouse-Exception-Code"], response.status_code) == (code, status)


def test_answers_carry_the_headers_drivers_read(http: httpx.Client) -> None:
    headers = http.post("/", params={"query_id": "mine"}, content="SELECT number FROM numbers(5) FORMAT JSON").headers

    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert headers["X-ClickHouse-Format"] == "JSON"
    assert headers["X-ClickHouse-Timezone"]
    assert headers["X-ClickHouse-Server-Display-Name"]
    assert json.loads(headers["X-ClickHouse-Summary"])["read_rows"] == "5"


def test_an_insert_tells_how_many_rows_it_wrote(http: httpx.Client) -> None:
    http.post("/", content="CREATE DATABASE IF NOT EXISTS web ENGINE = Atomic")
    http.post("/", content="CREATE OR REPLACE TABLE web.w (a UInt8) ENGINE = MergeTree ORDER BY a").raise_for_status()
    response = http.post("/", content="INSERT INTO web.w VALUES (1), (2)")

    assert json.loads(response.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert "X-ClickHouse-Format" not in response.headers


def test_get_changes_nothing(http: httpx.Client) -> None:
    response = http.get("/", params={"query": "CREATE TABLE web.never (a UInt8) ENGINE = Memory"})

    assert response.headers["X-ClickHouse-Exception-Code"] == "164"


@pytest.mark.parametrize("way", ["basic", "headers", "parameters"])
def test_the_password_is_asked_every_way_it_may_be_given(embedded_clickhouse: ClickHouse, way: str) -> None:
    url = urlsplit(embedded_clickhouse.url)
    statuses = []
    for password in (url.password or "", "wrong"):
        auth = (url.username or "", password) if way == "basic" else None
        headers = {"X-ClickHouse-User": url.username or "", "X-ClickHouse-Key": password} if way == "headers" else {}
        parameters = {"user": url.username or "", "password": password} if way == "parameters" else {}
        place = f"http://127.0.0.1:{url.port}/"
        sql = "CREATE DATABASE IF NOT EXISTS web ENGINE = Atomic"
        response = httpx.post(place, params=parameters, headers=headers, auth=auth, content=sql)
        statuses.append((response.status_code, response.headers.get("X-ClickHouse-Exception-Code")))

    assert statuses == [(200, None), (401, "516")]


def test_a_name_that_points_here_is_not_taken_for_us(embedded_clickhouse: ClickHouse) -> None:
    place = f"http://127.0.0.1:{embedded_clickhouse.port}/"

    assert httpx.get(place, params={"query": "SELECT 1"}, headers={"Host": "evil.example"}).status_code == 400


def test_a_running_query_is_killed_by_the_id_its_client_gave(http: httpx.Client) -> None:
    query_id = str(uuid.uuid4())
    thread, answers = in_background(http, ENDLESS, query_id=query_id)
    while not running(http, "sipHash64"):
        time.sleep(0.02)
    again = http.post("/", params={"query_id": query_id}, content="SELECT 1")
    http.post("/", content=f"KILL QUERY WHERE query_id = '{query_id}' SYNC").raise_for_status()
    thread.join(10)

    assert answers[0].headers["X-ClickHouse-Exception-Code"] == "394"
    assert again.headers["X-ClickHouse-Exception-Code"] == "216"


def test_a_query_ends_at_its_time_limit(http: httpx.Client) -> None:
    response = http.post("/", params={"max_execution_time": 1}, content=ENDLESS)

    assert (response.status_code, response.headers["X-ClickHouse-Exception-Code"]) == (408, "159")


@pytest.mark.parametrize("sql", [ENDLESS + " OR number = 77", "SELECT number + 77 FROM numbers(100000000000)"])
def test_a_query_ends_with_its_client_if_asked_to(http: httpx.Client, sql: str) -> None:
    begun = threading.Event()
    with httpx.Client(base_url=http.base_url, auth=http.auth) as client:
        thread = threading.Thread(target=read_a_little, args=(client, sql, begun))
        thread.start()
        while thread.is_alive() and not running(http, "77"):  # a busy machine may be too late to see it
            time.sleep(0.02)
        begun.set()
        thread.join()

    deadline = time.monotonic() + 5
    while running(http, "77") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running(http, "77") == 0


def test_a_session_is_kept_checked_and_locked(http: httpx.Client) -> None:
    session = {"session_id": str(uuid.uuid4())}
    missing = http.post("/", params={**session, "session_check": 1}, content="SELECT 1")
    http.post("/", params=session, content="CREATE TEMPORARY TABLE mine (a UInt8)").raise_for_status()
    http.post("/", params=session, content="INSERT INTO mine VALUES (7)").raise_for_status()
    assert http.post("/", params=session, content="SELECT a FROM mine").text == "7\n"
    assert http.post("/", content="SELECT a FROM mine").status_code == 404
    thread, _ = in_background(http, "SELECT sleep(1)", **session)
    time.sleep(0.3)
    locked = http.post("/", params=session, content="SELECT 1")
    thread.join()

    assert missing.headers["X-ClickHouse-Exception-Code"] == "372"
    assert locked.headers["X-ClickHouse-Exception-Code"] == "373"


def test_a_session_keeps_its_database_and_a_query_may_name_another(http: httpx.Client) -> None:
    session = {"session_id": str(uuid.uuid4())}
    http.post("/", content="CREATE DATABASE IF NOT EXISTS web ENGINE = Atomic").raise_for_status()
    http.post("/", params=session, content="USE web").raise_for_status()

    here = "SELECT currentDatabase()"
    assert http.post("/", params={**session, "database": "system"}, content=here).text == "system\n"
    assert http.post("/", params=session, content=here).text == "web\n"
    assert http.post("/", headers={"X-ClickHouse-Database": "web"}, content=here).text == "web\n"
    assert http.post("/", params={"database": "nowhere"}, content=here).headers["X-ClickHouse-Exception-Code"] == "81"
