"""Start a process that dies with this one: a command comes in, a `Child` with its pid goes out.

Each child hangs on a tether (`deploy/tether.py`): when this process ends, however it ends, so does the child.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final

_TETHER: Final = Path(__file__).with_name("tether.py")
_BURIAL_SECONDS: Final = 5.0


class Child:
    """A command that runs on a tether, in a session of its own: Ctrl-C reaches only us, and we decide the order."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        output: int | IO[bytes] | None = None,
        grace_seconds: float = 10.0,
    ) -> None:
        """Start *argv* with its stdout and stderr going to *output* (a file, a descriptor or `subprocess.PIPE`).

        *grace_seconds* is what it gets between SIGTERM and SIGKILL if this process dies.
        """
        self._link, far_end = socket.socketpair()
        with far_end:
            tether = [sys.executable, "-I", "-S", str(_TETHER), str(far_end.fileno()), str(grace_seconds), "--"]
            self._tether = subprocess.Popen(
                [*tether, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                env=None if env is None else dict(env),
                pass_fds=[far_end.fileno()],
                start_new_session=True,
            )
        self._link.settimeout(30)
        with self._link.makefile("rb") as lines:
            self.pid = int(lines.readline() or self._tether.pid)
        self._link.setblocking(False)

    @property
    def output(self) -> IO[bytes]:
        """What the command writes, if it was started with `subprocess.PIPE`; close it when you have read it.

        Raises: `ValueError` if it was not.
        """
        if self._tether.stdout is None:
            raise ValueError("the child writes elsewhere")
        return self._tether.stdout

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the child has ended."""
        return self._link.fileno()

    def poll(self) -> int | None:
        """Return the exit code (128 + signal when a signal ended it), or None while it runs."""
        code = self._tether.poll()
        if code is not None:
            self._clean_up()
        return code

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for the end and return the exit code. Raises: `subprocess.TimeoutExpired`."""
        code = self._tether.wait(timeout_seconds)
        self._clean_up()
        return code

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        if self._tether.poll() is None:
            self._tether.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its process group at once (SIGKILL)."""
        if self._tether.poll() is None:
            self._kill_group()

    def stop(self, within_seconds: float) -> int:
        """Ask it to stop, kill it if it has not *within_seconds*; returns the exit code."""
        for end in (self.terminate, self.kill, self._tether.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.wait(within_seconds)
            within_seconds = _BURIAL_SECONDS
        raise AssertionError("a killed process does not end")

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(within_seconds=10)

    def _clean_up(self) -> None:
        if self._link.fileno() >= 0:
            self._link.close()
            if self._tether.returncode < 0:  # the tether itself was killed: nothing else ends what it held
                self._kill_group()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
