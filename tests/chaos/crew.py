"""The workers of a run: started, stopped, killed; one that fails by itself is started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Crew:
    """Processes of `tests.chaos.workers`, in the order they were started."""

    kind: str
    folder: Path
    env: dict[str, str]
    members: Callable[[], Awaitable[int]]
    """Counts the members of the workers' group; 0 while it rebalances."""
    options: list[str] = field(default_factory=list)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    failed: int = 0
    unclean: list[int] = field(default_factory=list)
    """Exit codes of workers that did not end with 0 on SIGTERM."""
    started: int = 0
    instances: dict[int, str] = field(default_factory=dict)

    def start(self, instance: str = "") -> None:
        """Start one more worker; *instance* makes it a static member of the group."""
        self.started += 1
        log = (self.folder / f"worker-{self.started}.log").open("wb")
        command = [sys.executable, "-m", "tests.chaos.workers", self.kind, str(self.folder), *self.options]
        env = {**os.environ, **self.env, "WORKER_INSTANCE": instance}
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=log, stderr=log)
        log.close()
        self.running.append(process)
        self.instances[process.pid] = instance

    async def at_work(self) -> None:
        """Wait until all that run share the partitions."""
        for _ in range(150):
            if await self.members() == len(self.running):
                return
            await asyncio.sleep(0.2)
        raise TimeoutError("the workers did not form a group")

    async def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop one as a supervisor would: SIGTERM, and SIGKILL after a while."""
        self.running.remove(process)
        process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.to_thread(process.wait, 30)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code not in (0, -signal.SIGTERM):  # the latter: it had not yet begun
            self.unclean.append(code)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill one without notice."""
        self.running.remove(process)
        process.kill()
        process.wait()

    async def supervise(self) -> None:
        """Start again whatever ends by itself, for ever."""
        while True:
            await asyncio.sleep(0.1)
            for process in [each for each in self.running if each.poll() is not None]:
                self.running.remove(process)
                self.failed += 1
                self.start(self.instances[process.pid])

    async def stop_all(self) -> None:
        """Stop all that run."""
        await asyncio.gather(*(self.stop(process) for process in list(self.running)))

    def kill_all(self) -> None:
        """Leave nothing running."""
        for process in list(self.running):
            self.kill(process)
