"""How commands print: tables for people, nothing else on stdout when a machine reads it."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

# Visitors choose what they search for and which campaign they name: none of it may command a terminal.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

PIPED_COLUMNS: Final = 400
"""Width when a file or a pipe reads: wide enough that no cell is folded."""

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_COLUMNS)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, *, style: str | None = None) -> None:
    """Print one line that may hold others' words: as they are, but for what would command the terminal."""
    console.print(_CONTROLS.sub("\ufffd", text), style=style, markup=False)


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print *rows* under *columns*; numbers to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    listed = [[row.get(column) for column in columns] for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float) for row in listed)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(escape(_CONTROLS.sub("\ufffd", _text(cell))) for cell in row))
    console.print(table)


def _text(cell: object) -> str:
    if isinstance(cell, list | tuple):
        return ", ".join(map(_text, cell))
    return "" if cell is None else str(cell)
