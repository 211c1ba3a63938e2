"""How far a long command has come, in a small JSON file, so that the next run goes on from there."""

import json
import os
from pathlib import Path
from typing import Any


class Checkpoint:
    """One file. What it holds is what was surely done: save it only after Kafka has the records."""

    def __init__(self, path: Path) -> None:
        """Take where it is; the folder is made when needed."""
        self.path = path

    def read(self) -> dict[str, Any] | None:
        """Return what was saved last; None at a beginning, or where the file is damaged."""
        try:
            content = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def save(self, content: dict[str, Any]) -> None:
        """Replace it in one step, so that a crash leaves the old one or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.new")
        with beside.open("w") as out:
            json.dump(content, out)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.path)

    def clear(self) -> None:
        """Forget it: the work is done."""
        self.path.unlink(missing_ok=True)
