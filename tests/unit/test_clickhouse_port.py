"""Whatever the engine raises, a client is told in ClickHouse's words, and the query has ended."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from deploy.servers.clickhouse.app import create_app
from deploy.servers.clickhouse.engine import Engine
from deploy.servers.clickhouse.errors import from_engine


class BrokenEngine:
    """An engine as far as the port needs it; opening a handle raises."""

    version, timezone, folder = "26.9.2.1", "UTC", Path(tempfile.gettempdir())

    def __init__(self, breakage: Exception) -> None:
        self._breakage = breakage

    def query_class(self, sql: str) -> tuple[str, int]:
        return ("READ_ONLY", 1)

    def rows(self, *_: Any) -> list[list[str]]:
        return []

    def open_handle(self, *_: Any) -> Any:
        raise self._breakage

    handle: Callable[..., Any] = open_handle

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("breakage", "code"),
    [
        (from_engine(MemoryError()), "241"),
        (from_engine(UnicodeDecodeError("utf-8", b"Code: 241. DB::Exception: \xc3", 26, 27, "cut")), "241"),
        (KeyError("x"), "1002"),
    ],
)
def test_what_the_engine_raises_is_told_as_clickhouse_does(breakage: Exception, code: str) -> None:
    app = create_app(cast(Engine, BrokenEngine(breakage)), password="", max_body_bytes=1000)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for _ in range(2):  # the second has the same id: the first is over
            answer = client.post("/?query_id=q1", content="SELECT 1")

    assert answer.status_code == 500
    assert answer.headers["X-ClickHouse-Exception-Code"] == code
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
