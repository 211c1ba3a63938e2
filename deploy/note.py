"""The note a running `storestream up` leaves in its folder, so that commands in another terminal find its servers."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import psutil

DEFAULT_FOLDER: Final = Path(".storestream")
FILE: Final = "stack.json"


class Note(NamedTuple):
    """*addresses* are for people; *environment* is what processes need beside ours, and holds secrets."""

    pid: int
    addresses: dict[str, str]
    environment: dict[str, str]


def remember(folder: Path, addresses: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Note this process as running in *folder*; only its owner can read the file."""
    path = folder / FILE
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    new = {key: value for key, value in environment.items() if os.environ.get(key) != value}
    path.write_text(json.dumps(Note(os.getpid(), dict(addresses), new)._asdict()))


def forget(folder: Path) -> None:
    """Remove the note."""
    (folder / FILE).unlink(missing_ok=True)


def running(folder: Path) -> Note | None:
    """Read the note of a `storestream up` that still runs in *folder*."""
    try:
        note = Note(**json.loads((folder / FILE).read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return note if psutil.pid_exists(note.pid) else None


def adopt(folder: Path = DEFAULT_FOLDER) -> None:
    """Let this process use the servers of a running `storestream up`; what the environment gives stays."""
    note = running(folder)
    for name, value in (note.environment if note else {}).items():
        os.environ.setdefault(name, value)
