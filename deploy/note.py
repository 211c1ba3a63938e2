"""The note a running `storestream up` leaves in its folder, so that commands in another terminal find its servers."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from deploy.locks import held_alone, is_held
from deploy.servers import ServerError

DEFAULT_FOLDER: Final = Path(".storestream")
FOLDER_VARIABLE: Final = "STORESTREAM_FOLDER"
"""Names the folder for every command of a terminal, where it is another."""
FILE: Final = "stack.json"
LOCK: Final = "up.lock"


class Note(NamedTuple):
    """*addresses* are for people; *environment* is what processes need beside ours, and holds secrets."""

    pid: int
    addresses: dict[str, str]
    environment: dict[str, str]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the one `storestream up` of *folder*, from before its first server starts until this process ends.

    Raises: `ServerError` if another one is, or if the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOCK).touch()
    except OSError as exc:
        raise ServerError(
            f"The folder {folder} cannot be used: {exc.strerror}. Choose another with --folder."
        ) from None
    with held_alone(folder / LOCK) as is_ours:
        if not is_ours:
            known = running(folder)
            which = f" (process {known.pid})" if known else ", and is not ready yet"
            raise ServerError(f"storestream up runs in {folder} already{which}.")
        forget(folder)  # of one that was killed
        yield


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
    """Read the note of a `storestream up` that still runs in *folder*, and is ready.

    Its pid tells nothing: after a restart of the machine another process may have it.
    """
    try:
        note = Note(**json.loads((folder / FILE).read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return note if is_held(folder / LOCK) else None


def usual_folder() -> Path:
    """Return the folder that commands look into for a running `storestream up`."""
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


def adopt() -> None:
    """Let this process use the servers of a running `storestream up`; what the environment gives stays."""
    note = running(usual_folder())
    for name, value in (note.environment if note else {}).items():
        os.environ.setdefault(name, value)
