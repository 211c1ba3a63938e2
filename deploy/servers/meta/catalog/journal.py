"""The state file of catalogs: one line of JSON per change, so that a restart still has items, feeds and pixels.

Batches under way and uploads are not kept: their handles and ids are unknown after a restart.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson


class CatalogJournal:
    """Appends changes to *path*, readable by its owner only; a line cut short by a kill is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Read what earlier processes wrote."""
        with self._path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield orjson.loads(line)

    def note(self, catalog_id: str, change: dict[str, Any]) -> None:
        """Write one change; it survives the end of this process, not that of the machine."""
        os.write(self._file, _line(catalog_id, change))

    def begin_anew(self, changes: Iterable[tuple[str, dict[str, Any]]] = ()) -> None:
        """Keep *changes* and nothing else, so that the file is no longer than what there is."""
        fresh = self._path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(_line(catalog_id, change) for catalog_id, change in changes)
        os.replace(fresh, self._path)
        os.close(self._file)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND)


def _line(catalog_id: str, change: dict[str, Any]) -> bytes:
    return orjson.dumps({"catalog": catalog_id} | change) + b"\n"
