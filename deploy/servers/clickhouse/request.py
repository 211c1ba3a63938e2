"""What is asked: a query of the URL and a body come in, one `Statement` goes out.

As ClickHouse does, a statement may be in the URL, in the body, or begin in the one and go on in the other.
"""

from dataclasses import dataclass
from typing import IO

from deploy.servers.clickhouse.errors import refusal
from deploy.servers.clickhouse.statements import (
    HEAD_BYTES,
    Insert,
    find_rows,
    first_word,
    reads_a_file,
    reads_its_input,
)


@dataclass(frozen=True)
class Rows:
    """Rows that came with an INSERT: *begun* are its first bytes, *rest* is read for the others."""

    format: str
    begun: bytes
    rest: IO[bytes]


@dataclass(frozen=True)
class Statement:
    """One statement: its *sql*, its first *word* in capitals, and the *rows* that came with it."""

    sql: str
    word: str
    rows: Rows | None = None


def statement_of(query: str, body: IO[bytes], *, default_format: str | None) -> Statement:
    """Find the statement, and the rows after it if it is an INSERT that brings them.

    Raises: `QueryError` EMPTY_QUERY, NOT_IMPLEMENTED.
    """
    head = query.encode() if query else body.read(HEAD_BYTES)
    word = first_word(head)
    if word == "INSERT":
        head, insert = _insert(query, head, body, default_format)
        if insert is not None:
            rows = Rows(insert.format or default_format or "Values", head[insert.rows_at :], body)
            return Statement(insert.sql, word, rows)
        if reads_a_file(head):
            raise refusal("NOT_IMPLEMENTED", "INSERT FROM INFILE is not allowed over HTTP.")
        if reads_its_input(head):  # the engine would insert nothing and say nothing
            raise refusal(
                "NOT_IMPLEMENTED", "The embedded ClickHouse has no input(): insert into a table, then select."
            )
    rest = body.read()
    text = head + b"\n" + rest if query and rest else head + rest
    if not text.strip():
        raise refusal("EMPTY_QUERY", "Empty query")
    try:
        return Statement(text.decode(), word)
    except UnicodeDecodeError:
        raise refusal("NOT_IMPLEMENTED", "The statement is not UTF-8 text.") from None


def _insert(query: str, head: bytes, body: IO[bytes], default_format: str | None) -> tuple[bytes, Insert | None]:
    insert = find_rows(head)
    if query and default_format is None and insert is not None and insert.format is None:
        head += b"\n" + body.read(HEAD_BYTES)  # the FORMAT, or VALUES, may be in the body
        insert = find_rows(head)
    return head, insert
