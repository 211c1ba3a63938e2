"""External data: files of a multipart request come in, temporary tables for the one query go out.

https://clickhouse.com/docs/engines/table-engines/special/external-data
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from io import BytesIO
from typing import IO

import orjson

from deploy.servers.clickhouse.engine import Handle, identifier, quoted
from deploy.servers.clickhouse.errors import QueryError, refusal
from deploy.servers.clickhouse.inserts import insert_rows
from deploy.servers.clickhouse.request import Rows


@dataclass(frozen=True)
class ExternalTable:
    """Rows a client sends along with a query."""

    name: str
    structure: str
    format: str
    rows: bytes


def read_form(content_type: str, body: IO[bytes]) -> tuple[dict[str, str], dict[str, bytes]]:
    """Split a multipart body into its fields and its files.

    Raises: `QueryError` BAD_ARGUMENTS.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body.read())
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    if not message.is_multipart():
        raise refusal("BAD_ARGUMENTS", "The form is not multipart.")
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise refusal("BAD_ARGUMENTS", "A part of the form has no name.")
        if part.get_filename() is None:
            fields[name] = content.decode()
        else:
            files[name] = content
    return fields, files


def take_external(files: dict[str, bytes], parameters: dict[str, str]) -> tuple[ExternalTable, ...]:
    """Describe the tables *files* make; what *parameters* says of them is taken out of it.

    Raises: `QueryError` BAD_ARGUMENTS without a structure or types.
    """
    tables = []
    for name, rows in files.items():
        structure = parameters.pop(f"{name}_structure", None)
        types = parameters.pop(f"{name}_types", None)
        if structure is None and types is not None:
            structure = ", ".join(f"_{at} {kind}" for at, kind in enumerate(_split(types), start=1))
        if structure is None:
            raise refusal("BAD_ARGUMENTS", f"External table {name} has neither structure nor types.")
        tables.append(ExternalTable(name, structure, parameters.pop(f"{name}_format", "TabSeparated"), rows))
    return tuple(tables)


def lend_table(handle: Handle, table: ExternalTable) -> Callable[[], None]:
    """Make *table* for one query on *handle*; returns what takes it away again. Raises: `QueryError`."""
    name = identifier(table.name)
    handle.query(f"CREATE TEMPORARY TABLE {name} ({_columns(handle, table.structure)})")
    insert_rows(handle, f"INSERT INTO {name}", Rows(table.format, table.rows, BytesIO()), {})

    def take_away() -> None:
        try:
            handle.query(f"DROP TEMPORARY TABLE IF EXISTS {name}")
        except QueryError:
            return  # the handle is an analyst's, read-only by now, and ends anyway

    return take_away


def _columns(handle: Handle, structure: str) -> str:
    """The names and types of *structure* and nothing else: it may come from an analyst, and name an ENGINE."""
    described = handle.query(f"DESCRIBE TABLE null({quoted(structure)})", "JSONCompact").bytes()
    return ", ".join(f"{identifier(row[0])} {row[1]}" for row in orjson.loads(described)["data"])


def _split(types: str) -> Iterable[str]:
    depth = 0
    current = ""
    for sign in types:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            yield current.strip()
            current = ""
        else:
            current += sign
    yield current.strip()
