"""Keep one process running: its description comes in, its `Status` at every change goes out."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from deploy.children import Child
from deploy.outputs import Output
from deploy.process import GivenUp, Patience, Process, State, Status

_PROBE_SECONDS: Final = 0.1


class Keeper:
    """Starts a process, starts it again when it dies, and stops it when its own task is cancelled."""

    def __init__(
        self, process: Process, output: Output, *, patience: Patience, changed: Callable[[Status], None]
    ) -> None:
        """Keep *process*, which writes to *output*; tell *changed* of every change."""
        self.process = process
        self.ready = asyncio.Event()
        self.status = Status(process.name)
        self._output = output
        self._patience = patience
        self._changed = changed
        self._child: Child | None = None

    async def keep(self) -> None:
        """Run until cancelled, which stops the process. Raises: `GivenUp` when it keeps dying quickly."""
        try:
            await self._keep()
        except asyncio.CancelledError:
            self._tell("stopped")
            raise

    async def _keep(self) -> None:
        deaths = 0
        while True:
            began = time.monotonic()
            was_ready = await self._live()
            steady = was_ready and time.monotonic() - began >= self._patience.quick_seconds
            deaths = 0 if steady else deaths + 1
            if deaths >= self._patience.quick_deaths:
                self._tell("given up")
                raise GivenUp(self._obituary(deaths))
            self._tell("restarting")
            await asyncio.sleep(self._patience.wait_seconds(deaths))
            self.status = replace(self.status, restarts=self.status.restarts + 1)

    def close(self) -> None:
        """Let go of the output, once all is stopped."""
        self._output.close()

    def kill(self) -> None:
        """End the process at once, if it runs."""
        if self._child is not None:
            self._child.kill()

    async def _live(self) -> bool:
        """Run the process once, to its end; returns whether it had become ready."""
        loop = asyncio.get_running_loop()
        child = Child(self.process.argv, env=self.process.env, output=self._output.target())
        self._child = child
        self._output.follow(child)
        self._tell("starting", pid=child.pid)
        ended = asyncio.Event()
        loop.add_reader(child.fileno(), ended.set)
        try:
            was_ready = await self._becomes_ready(ended)
            if was_ready:
                self._tell("ready", pid=child.pid)
                self.ready.set()
                await ended.wait()
            return was_ready
        finally:
            loop.remove_reader(child.fileno())
            await self._end(child)

    async def _end(self, child: Child) -> None:
        stopping = asyncio.ensure_future(asyncio.to_thread(child.stop, self.process.stop_within_seconds))
        try:
            await asyncio.shield(stopping)
        finally:
            code = await stopping  # being cancelled meanwhile must not leave it half stopped
            self._child = None
            self.status = replace(self.status, pid=None, exit_code=code)

    async def _becomes_ready(self, ended: asyncio.Event) -> bool:
        probe = self.process.ready
        deadline = time.monotonic() + self.process.ready_within_seconds
        while not ended.is_set():
            if probe is None or await probe():
                return True
            if time.monotonic() > deadline:
                return False
            try:
                await asyncio.wait_for(ended.wait(), _PROBE_SECONDS)
            except TimeoutError:
                continue
        return False

    def _tell(self, state: State, pid: int | None = None) -> None:
        self.status = replace(self.status, state=state, pid=pid)
        self._changed(self.status)

    def _obituary(self, deaths: int) -> str:
        return (
            f"{self.process.name} died {deaths} times in a row (last exit code {self.status.exit_code}). "
            f"It said:\n{self._output.tail()}"
        )
