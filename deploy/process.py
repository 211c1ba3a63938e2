"""What is supervised: the description of a process, how patient to be with it, and how it is doing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.errors import StorestreamError

State = Literal["waiting", "starting", "ready", "restarting", "stopped", "given up"]


class GivenUp(StorestreamError):
    """A process kept dying; the text names it and holds the end of what it wrote."""


@dataclass(frozen=True)
class Process:
    """A process to keep running.

    *env* is its whole environment (None: ours). *ready* is asked again and again until it says True; without one a
    process counts as ready once it runs. It starts when all of *after* are ready, and they stop after it.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = field(default=None, repr=False)  # it holds secrets
    ready: Callable[[], Awaitable[bool]] | None = None
    after: tuple[str, ...] = ()
    ready_within_seconds: float = 90.0
    stop_within_seconds: float = 15.0


@dataclass(frozen=True)
class Patience:
    """How deaths are met: wait, doubling from *first* to *longest*, and give up after *quick_deaths* in a row.

    A death is quick if the process lived less than *quick_seconds*, or never became ready.
    """

    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0
    quick_seconds: float = 20.0
    quick_deaths: int = 8

    def wait_seconds(self, deaths: int) -> float:
        """Return how long to wait after the *deaths*-th quick death in a row (0: it had lived long)."""
        return min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** max(0, deaths - 1))


@dataclass(frozen=True)
class Status:
    """How a process is doing; *exit_code* is that of its last death (128 + signal when a signal ended it)."""

    name: str
    state: State = "waiting"
    pid: int | None = None
    restarts: int = 0
    exit_code: int | None = None

    def __str__(self) -> str:
        """Return a line for the terminal."""
        facts = [f"process {self.pid}"] if self.pid else []
        facts += [f"exit code {self.exit_code}"] if self.exit_code is not None and not self.pid else []
        facts += [f"{self.restarts} restarts"] if self.restarts else []
        return f"{self.name}: {self.state}" + (f" ({', '.join(facts)})" if facts else "")
