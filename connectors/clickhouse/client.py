"""The connection: `CLICKHOUSE_URL` comes in, a clickhouse-connect client goes out, and errors become ours.

Texts of ClickHouse's errors quote the rows they are about, so only code and name go on from here.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, Error, OperationalError

from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.settings import ClickHouseSettings

DEFAULT_DATABASE: Final = "storestream"

TRANSIENT_CODES: Final = frozenset({3, 107, 159, 164, 202, 203, 209, 210, 241, 242, 252, 285, 319, 425, 999})
"""Errors that pass, as ClickHouse's own Kafka connector counts them: timeouts, memory, too many parts, ...

Names: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
"""

# The driver logs tracebacks that quote the values it could not write.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


def database_of(clickhouse: ClickHouseSettings) -> str:
    """Name the database the URL ends with, `storestream` if it names none."""
    return unquote(urlsplit(clickhouse.url.get_secret_value()).path.strip("/")) or DEFAULT_DATABASE


def connect(clickhouse: ClickHouseSettings, *, database: str | None = None, timeout_seconds: float = 60.0) -> Any:
    """Open a client; *database* instead of the URL's is for creating that one.

    Raises:
        ConfigurationError: the URL is no `http://user:password@host:port/database`, or is refused by the server.
        TransientError: ClickHouse does not answer.
    """
    url = urlsplit(clickhouse.url.get_secret_value())
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ConfigurationError("CLICKHOUSE_URL is not like http://user:password@host:8123/storestream")
    try:
        return clickhouse_connect.get_client(
            interface=url.scheme,
            host=url.hostname,
            port=url.port or (8443 if url.scheme == "https" else 8123),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password or ""),
            database=database or database_of(clickhouse),
            connect_timeout=10,
            send_receive_timeout=timeout_seconds,
            # Several threads may use one client; sessions would lock it.
            autogenerate_session_id=False,
            client_name="storestream",
        )
    except (ClickHouseError, OSError) as exc:
        failure = translated(exc)
        if isinstance(failure, TransientError):
            raise failure from None
        raise ConfigurationError(f"ClickHouse refused the connection: {failure.detail}") from None


def translated(exc: BaseException) -> TerminalError | TransientError:
    """Tell whether *exc* may pass; code and name only, for its text quotes rows."""
    code = getattr(exc, "code", None)
    detail = f"code {code} {getattr(exc, 'name', None) or ''}".strip() if code else type(exc).__name__
    if code is None:
        # No code: the request did not get through (sockets, timeouts, HTTP errors without an exception header).
        passing = isinstance(exc, (OSError, OperationalError)) or type(exc) is Error
    else:
        passing = code in TRANSIENT_CODES
    if passing:
        return TransientError(f"clickhouse: {detail}")
    return TerminalError("refused_by_clickhouse", detail=detail)


@contextmanager
def errors_translated() -> Iterator[None]:
    """Raise what ClickHouse or the way to it says as `TransientError` or `TerminalError`."""
    try:
        yield
    except (ClickHouseError, OSError) as exc:
        raise translated(exc) from None
