"""Where a statement ends and its rows begin: bytes of a request come in, a `Statement` goes out.

Only the outermost words are read, never decided upon for safety: what a statement may do is asked of the engine's
own parser (`guard`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

# As much of an INSERT as is searched for its FORMAT; ClickHouse's own max_query_size.
HEAD_BYTES: Final = 262_144

_TOKEN: Final = re.compile(
    rb"""
      (?P<skip> \s+ | --[^\n]* | \#[!\ ][^\n]* | /\*.*?\*/ )
    | (?P<quoted> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<other> [0-9.,+*=<>!:]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_SELECTING: Final = frozenset({b"SELECT", b"WITH", b"FROM", b"EXPLAIN"})
_BEFORE_DATA = re.compile(rb"[ \t\f]*\r?\n?")


@dataclass(frozen=True)
class Token:
    """A word or sign outside comments; *depth* counts the brackets around it."""

    kind: str
    text: bytes
    start: int
    end: int
    depth: int


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows follow it: *sql* without its FORMAT, the *format*, and where in the bytes the rows start."""

    sql: str
    format: str | None
    rows_at: int


def tokens(text: bytes) -> Iterator[Token]:
    """Yield the tokens of *text*."""
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup) if found.lastgroup != "tag" else "quoted"
        if kind == "skip":
            continue
        depth -= kind == "close"
        yield Token(kind, found[0], found.start(), found.end(), depth)
        depth += kind == "open"


def first_word(text: bytes) -> str:
    """Return the word *text* begins with, in capitals; empty if it begins with none, `(` if with a bracket."""
    for token in tokens(text[:HEAD_BYTES]):
        return token.text.decode("ascii", "replace").upper() if token.kind in ("word", "open") else ""
    return ""


def find_rows(head: bytes) -> Insert | None:
    """Find where the rows of an INSERT begin in *head*, its first bytes; None if it takes them from a SELECT."""
    words = _outermost_after_table(head)
    for token in words:
        word = token.text.upper()
        if word == b"VALUES":
            return Insert(_text(head[: token.start]), "Values", token.end)
        if word == b"FORMAT":
            name = next(words, None)
            if name is None:
                return None
            rows_at = _BEFORE_DATA.match(head, name.end)
            return Insert(_text(head[: token.start]), _text(name.text), rows_at.end() if rows_at else name.end)
        if word in _SELECTING:
            return None
    return Insert(_text(head), None, len(head))


def from_file(sql: str, path: str) -> str:
    """Have the INSERT *sql*, which says no FORMAT, take its rows from the file *path*: said before its SETTINGS."""
    text = sql.encode()
    found = (token.start for token in _outermost_after_table(text) if token.text.upper() == b"SETTINGS")
    at = next(found, len(text))
    return f"{_text(text[:at])}\nFROM INFILE '{path}' COMPRESSION 'none' {_text(text[at:])}"


def format_of(text: bytes, default: str) -> str:
    """Return the FORMAT a query asks for, else *default*."""
    outer = [token for token in tokens(text) if token.depth == 0]
    for at in range(len(outer) - 2, -1, -1):
        if outer[at].text.upper() == b"FORMAT" and outer[at + 1].kind == "word":
            after = outer[at + 2].text.upper() if at + 2 < len(outer) else b";"
            if after in (b";", b"SETTINGS"):
                return outer[at + 1].text.decode("ascii")
    return default


def reads_a_file(head: bytes) -> bool:
    """Tell whether an INSERT takes its rows from a file of the machine the engine runs on."""
    return any(token.text.upper() == b"INFILE" for token in _outermost_after_table(head))


def reads_its_input(head: bytes) -> bool:
    """Tell whether an INSERT … SELECT reads the rows sent along with it by `input()`."""
    return any(word.text.upper() == b"INPUT" and after.text == b"(" for word, after in pairwise(tokens(head)))


def _outermost_after_table(head: bytes) -> Iterator[Token]:
    """The words at depth 0 after `INSERT INTO name`, so that a table called `values` is not taken for the word."""
    after_into = named = False
    previous = b""
    for token in tokens(head):
        if not after_into:
            after_into = token.text.upper() == b"INTO"
        elif not named:
            named = token.text.upper() not in (b"TABLE", b"FUNCTION")
        elif token.kind == "word" and token.depth == 0 and not previous.endswith(b"."):
            yield token
        previous = token.text


def _text(part: bytes) -> str:
    return part.decode("utf-8", "replace").strip()
