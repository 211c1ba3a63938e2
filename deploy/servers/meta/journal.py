"""The state file: one line of JSON per event that was taken, so that a restart still knows its copies."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from deploy.servers.meta.received import Record


class Journal:
    """Appends records to *path* (readable by its owner only); a line cut short by a kill is cut off on opening."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        self._file.truncate(_end_of_last_line(self._file))

    def records(self) -> Iterator[Record]:
        """Read what earlier processes wrote."""
        self._file.seek(0)
        for line in self._file:
            yield Record.from_json(line)

    def append(self, records: Iterable[Record]) -> None:
        """Write *records*; they survive the end of this process, not that of the machine."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(b"".join(record.to_json() + b"\n" for record in records))
        self._file.flush()

    def clear(self) -> None:
        """Empty the file."""
        self._file.truncate(0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _opened(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _end_of_last_line(file: BinaryIO) -> int:
    end = 0
    for line in file:
        if line.endswith(b"\n"):
            end += len(line)
    return end
