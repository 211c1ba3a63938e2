"""Results piece by piece: an open handle and a SELECT come in, bytes of about 65,000 rows at a time go out."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

from deploy.servers.clickhouse.engine import Handle
from deploy.servers.clickhouse.errors import ENGINE_ERRORS, from_engine

PIECE_BYTES: Final = 2**20
_SMALL_BYTES: Final = 2**16
# The engine writes each block of a streamed result as a file of its own: only these may be put end to end.
_STREAMABLE: Final = frozenset({"Native", "RowBinary", "TabSeparated", "TSV", "CSV", "JSONEachRow"})
# Settings that add a head or a foot to one of them.
_FRAMING: Final = frozenset({"output_format_json_array_of_rows", "format_csv_delimiter", "extremes"})


def may_stream(format_name: str, settings: Mapping[str, str]) -> bool:
    """Tell whether pieces of a result in this format make the whole when put end to end."""
    return format_name in _STREAMABLE and not _FRAMING & settings.keys()


class ResultStream:
    """The result of a running query. One thread takes pieces; any may close it."""

    def __init__(self, handle: Handle, sql: str, format_name: str, bound: Mapping[str, str]) -> None:
        """Start the query and wait for its first piece. Raises: `QueryError`."""
        self.ending = ExitStack()
        self._handle = handle
        self._lock = threading.Lock()
        self._closed = False
        self.read_rows = 0
        try:
            self._stream = handle.connection.send_query(sql, format_name, params=dict(bound))
        except ENGINE_ERRORS as exc:
            raise from_engine(exc) from None
        self._first: bytes | None = self._fetch()

    def take_if_small(self) -> bytes | None:
        """Return all of the result if it is one small piece: then the query is over. None if there is more."""
        if self._first is None or len(self._first) >= _SMALL_BYTES:
            return None
        second = self._fetch() if self._first else b""
        if second:
            self._first += second
            return None
        return self._first

    def next_piece(self) -> bytes:
        """Return the next piece, empty at the end. Raises: `QueryError`."""
        with self._lock:
            if self._closed:
                return b""
            if self._first is not None:
                piece, self._first = self._first, None
                return piece
            return self._fetch()

    def close(self) -> None:
        """Stop the query if it still runs, and end its handle."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._handle.connection.streaming_cancel_query(self._stream)
            finally:
                self.ending.close()

    def _fetch(self) -> bytes:
        try:
            piece = self._handle.connection.streaming_fetch_result(self._stream)
        except ENGINE_ERRORS as exc:
            raise from_engine(exc) from None
        self.read_rows += piece.storage_rows_read()
        return bytes(piece.bytes() or b"")
