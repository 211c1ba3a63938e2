"""A CSV file, row by row: its encoding, delimiter and header are found out; rows are numbered as a spreadsheet does."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from schemas.errors import TerminalError

LONGEST_CELL: Final = 4_000_000
_PIECE: Final = 1 << 20
_HEAD: Final = 65_536
_QUOTED: Final = re.compile(r'"[^"]*"')
_SEPARATOR: Final = re.compile(r"\ufeff?\"?sep=([,;\t|])\"?\s*?(?:\r\n?|\n|$)", re.IGNORECASE)
_DELIMITERS: Final = (",", ";", "\t", "|")


class Row(NamedTuple):
    """One record. *number* is 1 for the header, as in a spreadsheet; *cells* are as many as the header has.

    *is_longer*: there was text behind them, as where a cell holds the delimiter and is not quoted.
    """

    number: int
    cells: tuple[str, ...]
    is_longer: bool = False


@dataclass(frozen=True)
class Table:
    """A CSV file that can be read again and again."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; those without any text are left out.

        Raises:
            TerminalError: `bad_value`, when the quotes do not fit together or a cell is beyond LONGEST_CELL.
        """
        records = _records(self.path, self.encoding, self.delimiter)
        next(records, None)
        width = len(self.header)
        for number, cells in enumerate(records, 2):
            stripped = tuple(cell.strip() for cell in cells[:width])
            if any(stripped):
                yield Row(number, stripped + ("",) * (width - len(stripped)), any(map(str.strip, cells[width:])))


def open_table(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> Table:
    """Find out how *path* is written, where that is not told, and read its header.

    Raises:
        TerminalError: it is empty, has a column twice, or cannot be read as CSV.
    """
    encoding = encoding or _encoding_of(path)
    delimiter = delimiter or _delimiter_of(path, encoding)
    header = tuple(cell.strip() for cell in next(_records(path, encoding, delimiter), []))
    if not any(header):
        raise TerminalError("missing_field", "header", "the first row names no columns")
    named = [name for name in header if name]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise TerminalError("bad_value", "header", f"columns named twice: {', '.join(twice)}")
    return Table(path, encoding, delimiter, header)


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_CELL)
    number = 0
    with _opened(path, encoding) as lines:
        if _SEPARATOR.match(lines.readline()) is None:
            lines.seek(0)
        try:
            for record in csv.reader(lines, delimiter=delimiter, strict=True):
                number += 1
                yield record
        except csv.Error as exc:
            detail = f"row {number + 1} is no CSV, look at its quotes ({exc})"
            raise TerminalError("bad_value", "file", detail) from None


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    # Excel writes what Windows-1252 does not define; a replaced character costs less than the file.
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as lines:
            yield lines
    except (LookupError, UnicodeError):
        raise TerminalError("bad_value", "encoding", "no such encoding, or not of this file") from None


def _encoding_of(path: Path) -> str:
    """Tell UTF-8 and UTF-16 by their marks and their rules; everything else is Windows-1252, as Excel writes it."""
    with path.open("rb") as source:
        head = source.read(_HEAD)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in head:  # Latin letters in UTF-16 are a zero and themselves
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        with path.open(encoding="utf-8") as source_text:
            while source_text.read(_PIECE):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _delimiter_of(path: Path, encoding: str) -> str:
    """Take the one that Excel's line `sep=;` names, else the one that the header has most of, quoted names aside."""
    with _opened(path, encoding) as source:
        head = source.read(_HEAD)
    if told := _SEPARATOR.match(head):
        return told[1]
    header, *_ = _QUOTED.sub("", head).splitlines() or [""]
    return max(_DELIMITERS, key=header.count)
