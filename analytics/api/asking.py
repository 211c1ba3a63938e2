"""Asks ClickHouse for the api: a question with its values goes in, lines of bytes come out, within limits.

The lines come as ClickHouse makes them, so an answer of any length takes the memory of a piece of it.
"""

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Literal, NamedTuple

import orjson

from analytics.questions import PIECE_BYTES, Question
from connectors.clickhouse.client import connect, errors_translated
from schemas.errors import ConfigurationError, TransientError
from schemas.settings import ApiSettings, ClickHouseSettings

Form = Literal["JSONCompactEachRowWithNames", "CSVWithNames", "JSONEachRow"]


class Page(NamedTuple):
    """Part of an answer; *next_offset* is where the rest begins, None at its end."""

    columns: list[str]
    rows: list[dict[str, Any]]
    next_offset: int | None


class Asker:
    """Asks with one client, which any threads may share; it connects at the first question."""

    def __init__(self, clickhouse: ClickHouseSettings, limits: ApiSettings) -> None:
        """Take where ClickHouse is, and how much an answer may cost."""
        self._clickhouse, self._limits = clickhouse, limits
        self._opening = threading.Lock()
        self._client: Any = None
        self._settings: dict[str, Any] = {}

    def page(self, question: Question, values: Mapping[str, object], offset: int, limit: int) -> Page:
        """Read *limit* rows from *offset* on.

        Raises:
            TransientError: ClickHouse does not answer now.
            RefusedError: ClickHouse refuses, or the answer costs more than the limits.
        """
        with self._lines(question, values, "JSONCompactEachRowWithNames") as lines:
            rows: list[dict[str, Any]] = []
            columns = orjson.loads(next(lines))
            for number, line in enumerate(lines):
                if number == offset + limit:
                    return Page(columns, rows, number)
                if number >= offset:
                    rows.append(dict(zip(columns, orjson.loads(line), strict=True)))
            return Page(columns, rows, None)

    def pieces(self, question: Question, values: Mapping[str, object], form: Form) -> Iterator[bytes]:
        """Yield the whole answer piece by piece. Raises as `page`, where it breaks off also later."""
        with errors_translated(), closing(self._stream(question, values, form)) as stream:
            while piece := stream.read(PIECE_BYTES):
                yield piece

    def is_ready(self) -> bool:
        """Tell whether ClickHouse answers."""
        try:
            with errors_translated():
                return bool(self._connected().ping())
        except (TransientError, ConfigurationError):
            return False

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._client is not None:
            self._client.close()

    @contextmanager
    def _lines(self, question: Question, values: Mapping[str, object], form: Form) -> Iterator[Iterator[bytes]]:
        with errors_translated(), closing(self._stream(question, values, form)) as stream:
            stream.auto_close = False  # urllib3 would close it at its end, under the buffer's hands
            try:
                yield iter(io.BufferedReader(stream, PIECE_BYTES))
            except (orjson.JSONDecodeError, StopIteration):
                raise TransientError("clickhouse: the answer broke off") from None

    def _stream(self, question: Question, values: Mapping[str, object], form: Form) -> Any:
        client = self._connected()
        return client.raw_stream(question.sql, parameters=dict(values), settings=self._settings, fmt=form)

    def _connected(self) -> Any:
        with self._opening:
            if self._client is None:
                client = connect(self._clickhouse, timeout_seconds=self._limits.max_seconds + 10)
                self._settings = _settings(client, self._limits)
                self._client = client
        return self._client


def _settings(client: Any, limits: ApiSettings) -> dict[str, Any]:
    """Bound each question; who may write is made to read only, and who may set nothing has limits of its own."""
    allowed = client.query("SELECT value FROM system.settings WHERE name = 'readonly'").result_rows[0][0]
    if allowed == "1":
        return {}
    return {"readonly": 2} | {
        "max_execution_time": limits.max_seconds,
        "max_memory_usage": limits.max_memory_bytes,
        # What grows beyond goes on with files on disk: slower, and not refused.
        "max_bytes_before_external_group_by": limits.max_memory_bytes // 5,
        "max_bytes_before_external_sort": limits.max_memory_bytes // 5,
        "max_result_rows": limits.max_rows,
        "output_format_json_quote_64bit_integers": 0,
    }
