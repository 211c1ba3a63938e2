"""Run processes side by side: their descriptions come in, all of them run, restart and stop together.

    async with Supervisor([Process("kafka", …), Process("stitch", …, after=("kafka",))], logs=state / "logs") as all_of:
        await all_of.all_ready()
        await all_of.until_stopped()

Nothing outlives this process, not even when it is killed: every child hangs on a tether (`deploy/children.py`).
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from deploy.keeper import Keeper
from deploy.outputs import LogFile, Output, PrefixedLines
from deploy.process import Patience, Process, Status

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def announce(status: Status) -> None:
    """Tell the person at the terminal how a process is doing."""
    print(f"[up] {status}", file=sys.stderr, flush=True)  # noqa: T201 - the terminal is what this is for


class Supervisor:
    """Keeps processes running, each restarted for itself; leaving the block stops all, dependents first."""

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        logs: Path | None = None,
        patience: Patience | None = None,
        changed: Callable[[Status], None] = announce,
    ) -> None:
        """Supervise *processes*; each writes to a file in *logs*, or without it to our stderr under its name.

        Raises: `ValueError` if one comes after a process that does not stand before it, or two share a name.
        """
        _check(processes)
        self._keepers = {
            each.name: Keeper(each, _output(each, logs), patience=patience or Patience(), changed=changed)
            for each in processes
        }
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start them. From here SIGINT, SIGTERM and SIGHUP ask for the end: both waits below return."""
        for number in _STOPPING:
            asyncio.get_running_loop().add_signal_handler(number, self._ask)
        for name, keeper in self._keepers.items():
            self._tasks[name] = asyncio.create_task(self._keep(keeper), name=name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        for keeper in self._keepers.values():
            keeper.close()
        for number in _STOPPING:
            asyncio.get_running_loop().remove_signal_handler(number)

    def statuses(self) -> list[Status]:
        """Return how every process is doing, in the order they were given."""
        return [keeper.status for keeper in self._keepers.values()]

    def status(self, name: str) -> Status:
        """Return how the process *name* is doing. Raises: `KeyError`."""
        return self._keepers[name].status

    async def all_ready(self) -> bool:
        """Wait until every process has been ready once; returns False if the end was asked for before that.

        Raises: `GivenUp` if one keeps dying.
        """
        await self._first(asyncio.create_task(self._each_ready()))
        return not self._asked.is_set()

    async def until_stopped(self) -> None:
        """Wait until the end is asked for; asking a second time kills at once. Raises: `GivenUp` if one keeps dying."""
        await self._first(asyncio.get_running_loop().create_future())

    async def stop(self) -> None:
        """Stop every process within its time, those that others come after last."""
        running = dict(self._tasks)
        while running:
            needed = {name for each in running for name in self._keepers[each].process.after}
            leaving = [running.pop(name) for name in list(running) if name not in needed]
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)

    def kill(self) -> None:
        """End every process at once; `stop` has still to be awaited."""
        for keeper in self._keepers.values():
            keeper.kill()

    def _ask(self) -> None:
        if self._asked.is_set():
            self.kill()
        self._asked.set()

    async def _each_ready(self) -> None:  # no gather: of one that is left alone asyncio prints a traceback
        for keeper in self._keepers.values():
            await keeper.ready.wait()

    async def _keep(self, keeper: Keeper) -> None:
        for name in keeper.process.after:
            await self._keepers[name].ready.wait()
        await keeper.keep()

    async def _first(self, awaited: asyncio.Future[Any]) -> None:
        """Wait for *awaited*, for the end being asked for, or for a process that is given up."""
        asked = asyncio.create_task(self._asked.wait())
        try:
            waited = [awaited, asked, *self._tasks.values()]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            awaited.cancel()
            asked.cancel()
        for task in self._tasks.values():
            if task.done():
                task.result()


def _output(process: Process, logs: Path | None) -> Output:
    return PrefixedLines(process.name) if logs is None else LogFile(logs / f"{process.name}.log")


def _check(processes: Sequence[Process]) -> None:
    known: set[str] = set()
    for process in processes:
        unknown = set(process.after) - known
        if unknown or process.name in known:
            raise ValueError(f"{process.name} stands twice, or before {sorted(unknown)} which it comes after")
        known.add(process.name)
