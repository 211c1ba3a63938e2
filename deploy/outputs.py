"""Take what a supervised process writes: into a file of its own, or line by line onto ours under its name."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final, Protocol

from deploy.children import Child

TAIL_LINES: Final = 15
_KEPT_BYTES: Final = 65_536


class Output(Protocol):
    """Where one process writes, over all its restarts."""

    def target(self) -> int | IO[bytes]:
        """Return what the next child's stdout and stderr are to be (a file or `subprocess.PIPE`)."""

    def follow(self, child: Child) -> None:
        """Take over what *child* writes, if that is a pipe."""

    def tail(self) -> str:
        """Return the last lines written."""

    def close(self) -> None:
        """Let go of it: no child will be started any more."""


class LogFile:
    """A file that the children write themselves, so that a slow reader never holds them up."""

    def __init__(self, path: Path) -> None:
        """Write to *path*; what an earlier supervisor left there is kept once more as `*.1`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.replace(path.with_name(f"{path.name}.1"))
        self._file = path.open("ab")

    def target(self) -> IO[bytes]:
        """Return the file, open for appending."""
        return self._file

    def follow(self, child: Child) -> None:
        """Do nothing: the child holds the file."""

    def tail(self) -> str:
        """Return the file's last lines, without Java's stack frames."""
        with open(self._file.name, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _KEPT_BYTES))
            return _last(file.read().decode(errors="replace").splitlines())

    def close(self) -> None:
        """Close our end."""
        self._file.close()


class PrefixedLines:
    """A pipe whose lines are passed on as `name | line`."""

    def __init__(self, name: str) -> None:
        """Pass lines on to our stderr, from threads of their own, behind *name*."""
        self._prefix = f"{name} | "
        self._recent: deque[str] = deque(maxlen=TAIL_LINES)

    def target(self) -> int:
        """Ask for a pipe."""
        return subprocess.PIPE

    def follow(self, child: Child) -> None:
        """Read the pipe to its end, beside everything else."""
        threading.Thread(target=self._pass_on, args=[child.output], daemon=True).start()

    def tail(self) -> str:
        """Return the last lines read, without Java's stack frames."""
        return _last(list(self._recent))

    def close(self) -> None:
        """Do nothing: each pipe closes when its child has ended."""

    def _pass_on(self, written: IO[bytes]) -> None:
        with written:
            while line := written.readline(_KEPT_BYTES):
                text = line.decode(errors="replace").rstrip("\n")
                if not _is_frame(text):
                    self._recent.append(text)
                sys.stderr.write(f"{self._prefix}{text}\n")


def _last(lines: Iterable[str]) -> str:
    return "\n".join([line for line in lines if not _is_frame(line)][-TAIL_LINES:])


def _is_frame(line: str) -> bool:
    """Tell a line of a Java stack trace: a full disk is said above thirty of them."""
    return line.startswith(("\tat ", "\t..."))
