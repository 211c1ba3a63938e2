"""Run one command that must not outlive its parent: `python -I -S tether.py FD GRACE -- command…`.

In: a socket inherited as *FD*, whose other end only the parent holds. It closes when the parent dies, however it
dies (kill -9 too); the command then gets SIGTERM, and after *GRACE* seconds it and all it started get SIGKILL.
Out: the command's pid, as a line on that socket; its exit code (128 + signal when a signal ended it).

The command is forked from the main thread of this process, so Linux's parent-death signal is safe here: it fires
when the forking *thread* ends (https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html), and that thread
lives as long as this process. Standard library only, started without site-packages: about 20 ms and 10 MB.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform.startswith("linux")


def main(arguments: Sequence[str]) -> NoReturn:
    """Run the command of *arguments* until it ends or the parent does, and end with its exit code."""
    link = socket.socket(fileno=int(arguments[0]))
    link.set_inheritable(False)
    wake, waker = socket.socketpair()
    for end in (wake, waker):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    for number in (*FORWARDED, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what the command orphans becomes ours, so that it can be found
    child = _start(arguments[3:])
    with contextlib.suppress(OSError):  # the parent may be gone already; the watch will see that
        link.send(b"%d\n" % child)
    code = _watch(child, link=link, wake=wake, grace_seconds=float(arguments[1]))
    _sweep(child)
    _bury(within_seconds=1)
    os._exit(code)  # at once: whoever sees the socket closed may take the exit code as settled


def prctl(option: int, value: int) -> None:
    """Set a process attribute on Linux; elsewhere nothing happens."""
    if _LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _start(command: Sequence[str]) -> int:
    tether = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # none may be lost between the fork and the exec
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        with contextlib.suppress(OSError):  # both sides do it: whichever comes first
            os.setpgid(child, child)
        return child
    os.setpgid(0, 0)
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != tether:  # it died before the line above took hold
        os._exit(1)
    signal.set_wakeup_fd(-1)
    for number in (*FORWARDED, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - a shell has no place here
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _watch(child: int, *, link: socket.socket, wake: socket.socket, grace_seconds: float) -> int:
    deadline: float | None = None
    watched = [link, wake]
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select(watched, [], [], patience)
        if wake in readable:
            for number in wake.recv(256):
                if number in FORWARDED:
                    os.kill(child, number)
        code = _reap(child)
        if code is not None:
            return code
        if link in readable and not link.recv(64):
            watched.remove(link)
            deadline = time.monotonic() + grace_seconds
            os.kill(child, signal.SIGTERM)
        elif deadline is not None and time.monotonic() >= deadline:
            _sweep(child)


def _reap(child: int) -> int | None:
    """Collect every ended process; returns the exit code of *child* once it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            ended = os.waitstatus_to_exitcode(status)
            code = ended if ended >= 0 else 128 - ended


def _bury(within_seconds: float) -> None:
    """Collect the swept processes, so that none is left as a zombie where no init collects it."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return


def _sweep(child: int) -> None:
    """Kill what the command left behind: its process group, and on Linux every descendant in any group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(ancestor: int) -> list[int]:
    if not _LINUX:
        return []
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(name))
    found = list(children.get(ancestor, []))
    for pid in found:  # grows while it is walked
        found.extend(children.get(pid, []))
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
