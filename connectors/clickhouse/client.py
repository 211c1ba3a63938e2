"""The connection: `CLICKHOUSE_URL` comes in, a clickhouse-connect client goes out, and errors become ours.

Texts of ClickHouse's errors quote the rows they are about, so only code and name go on from here.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, Error, OperationalError
from urllib3.exceptions import HTTPError

from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.settings import ClickHouseSettings

DEFAULT_DATABASE: Final = "storestream"

TRANSIENT_CODES: Final = frozenset({3, 107, 159, 164, 202, 203, 209, 210, 241, 242, 243, 252, 285, 319, 425, 999})
"""Errors that pass, as ClickHouse's own Kafka connector counts them: timeouts, memory, a full disk, too many parts, ...

Names: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
"""

ROW_CODES: Final = frozenset(
    {6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 407, 441, 467, 691}
)
"""Errors about a value in one row (cannot parse, out of bounds, no NULL here): the other rows may go in without it."""

_UNKNOWN_DATABASE = 81
_FAILURES = (ClickHouseError, HTTPError, OSError)

# The driver logs tracebacks that quote the values it could not write.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class RefusedError(TerminalError):
    """ClickHouse understood the request and will not do it; *code* is ClickHouse's own, 0 when it was never sent."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__("refused_by_clickhouse", detail=detail)
        self.code = code

    @property
    def about_a_row(self) -> bool:
        """Whether a value in a row is at fault, not the statement, the table or the user."""
        return self.code == 0 or self.code in ROW_CODES


def database_of(clickhouse: ClickHouseSettings) -> str:
    """Name the database the URL ends with, `storestream` if it names none."""
    return unquote(urlsplit(clickhouse.url.get_secret_value()).path.strip("/")) or DEFAULT_DATABASE


def connect(clickhouse: ClickHouseSettings, *, database: str | None = None, timeout_seconds: float = 60.0) -> Any:
    """Open a client; *database* instead of the URL's is for creating that one.

    Raises:
        ConfigurationError: the URL is no `http://user:password@host:port/database`, or is refused by the server.
        TransientError: ClickHouse does not answer.
    """
    url, port = _parts(clickhouse)
    try:
        return clickhouse_connect.get_client(
            interface=url.scheme,
            host=url.hostname,
            port=port or (8443 if url.scheme == "https" else 8123),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password or ""),
            database=database or database_of(clickhouse),
            connect_timeout=10,
            send_receive_timeout=timeout_seconds,
            # Several threads may use one client; sessions would lock it.
            autogenerate_session_id=False,
            client_name="storestream",
        )
    except _FAILURES as exc:
        raise _unconnected(exc) from None


def _parts(clickhouse: ClickHouseSettings) -> tuple[SplitResult, int | None]:
    try:
        url = urlsplit(clickhouse.url.get_secret_value())
        port = url.port
    except ValueError:  # its text quotes what stands for the port: of a password with a slash, a part of it
        url, port = urlsplit(""), None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ConfigurationError("CLICKHOUSE_URL is not like http://user:password@host:8123/storestream")
    return url, port


def _unconnected(exc: BaseException) -> ConfigurationError | TransientError:
    failure = translated(exc)
    if isinstance(failure, TransientError):
        is_there = getattr(exc, "code", None)
        return failure if is_there else TransientError("ClickHouse does not answer where CLICKHOUSE_URL says it is")
    if failure.code == _UNKNOWN_DATABASE:  # it will be there after `storestream migrate`
        return TransientError("clickhouse has no such database yet: storestream migrate makes it")
    return ConfigurationError(f"ClickHouse refused the connection: {failure.detail}")


def translated(exc: BaseException) -> RefusedError | TransientError:
    """Tell whether *exc* may pass; code and name only, for its text quotes rows."""
    code = getattr(exc, "code", None)
    detail = f"code {code} {getattr(exc, 'name', None) or ''}".strip() if code else type(exc).__name__
    if code is None:
        # No code: the request did not get through (sockets, timeouts, HTTP errors without an exception header).
        passing = isinstance(exc, (OSError, HTTPError, OperationalError)) or type(exc) is Error
    else:
        passing = code in TRANSIENT_CODES
    if passing:
        return TransientError(f"clickhouse: {detail}")
    return RefusedError(code or -1, detail)


@contextmanager
def errors_translated() -> Iterator[None]:
    """Raise what ClickHouse or the way to it says as `TransientError` or `RefusedError`."""
    try:
        yield
    except _FAILURES as exc:
        raise translated(exc) from None
