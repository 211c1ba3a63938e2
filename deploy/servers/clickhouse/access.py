"""Who asks: the headers and parameters of a request come in, a `User` goes out.

There are two. The *analyst* needs no password and only reads. The *writer* may do everything; the password is random,
made once for a folder and kept there in a file only its owner can read.
"""

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.servers.clickhouse.errors import QueryError, refusal

WRITER_NAME: Final = "storestream"
ANALYST_NAMES: Final = frozenset({"", "default", "analyst"})
PASSWORD_VARIABLE: Final = "CLICKHOUSE_EMBEDDED_PASSWORD"  # noqa: S105 - the name, not the secret
PASSWORD_FILE: Final = "password"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class User:
    """Somebody who asks; *writes* says whether they may change anything."""

    name: str
    writes: bool


ANALYST: Final = User("analyst", writes=False)
WRITER: Final = User(WRITER_NAME, writes=True)


def password_of(folder: Path) -> str:
    """Return the writer's password for *folder*, made on first use unless the environment gives one."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    kept = folder / PASSWORD_FILE
    try:
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        made = secrets.token_urlsafe(24)
        file.write(made + "\n")
    return made


def user_of(headers: Mapping[str, str], parameters: Mapping[str, str], *, password: str) -> User:
    """Tell who asks: by X-ClickHouse headers, basic authentication or parameters, in this order.

    Raises: `QueryError` AUTHENTICATION_FAILED.
    """
    name, given = _credentials(headers, parameters)
    if name in ANALYST_NAMES:
        return ANALYST
    if name == WRITER_NAME and hmac.compare_digest(given.encode(), password.encode()):
        return WRITER
    raise _refused(name)


def _credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _refused("") from None
        return name, given
    if scheme:
        raise _refused("")
    return parameters.get("user", ""), parameters.get("password", "")


def _refused(name: str) -> QueryError:
    shown = name if name.isprintable() else ""
    return refusal(
        "AUTHENTICATION_FAILED",
        f"{shown}: Authentication failed: password is incorrect, or there is no user with such name.",
    )
