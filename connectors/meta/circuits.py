"""When a destination may be called: a circuit that opens on trouble, and lets one request try when the wait is over.

Pure but for its own state: the time and the dice are arguments.

closed     requests go out, several at once
open       none goes out until the wait is over
half_open  one is out; its answer closes or opens the circuit
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from connectors.meta.failures import Failure, Kind

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True)
class Patience:
    """How trouble is met. Waits double from *first* to *longest* seconds, each shortened at random by up to half."""

    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    token_wait_seconds: float = 60.0
    """How often a dead token is tried again: a person has to act."""
    failures_to_open: int = 3
    enough_alike: int = 10
    """Events refused alone, in a row and alike, after which none of them is thought to blame."""
    stubborn_batch: int = 4
    """Failures of one batch, while others were taken, after which it is halved."""
    stubborn_event: int = 12
    """The same for one event, after which it is refused."""

    def backoff(self, failures: int, dice: float) -> float:
        """Return the seconds to wait after the *failures*-th failure in a row; *dice* is in [0, 1)."""
        longest = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(failures - 1, 30))
        return longest * (1.0 - dice / 2)


def patient_for(seconds: float) -> Patience:
    """Be patient, but try again after *seconds* at the latest."""
    return Patience(min(Patience.first_wait_seconds, seconds), seconds, seconds)


class Circuit:
    """The circuit of one destination. Every request that `ask` let out must be followed by `closed` or `failed`."""

    def __init__(self, patience: Patience, dice: Callable[[], float]) -> None:
        """Start closed."""
        self._patience, self._dice = patience, dice
        self.state: State = "closed"
        self.why: Kind | None = None
        """What opened it."""
        self.failure: Failure | None = None
        """The last one, while none was answered since."""
        self._failures = 0
        self._open_until = 0.0

    def ask(self, now: float) -> float:
        """Return 0 when a request may go out at *now* (monotonic seconds), else the seconds until to ask again."""
        if self.state == "closed":
            return 0.0
        if self.state == "half_open":
            return 0.05
        if now < self._open_until:
            return self._open_until - now
        self.state = "half_open"
        return 0.0

    def answered(self, now: float, pause_seconds: float = 0.0) -> None:
        """Note that Meta read a request; *pause_seconds*: how long it asks us to rest nevertheless."""
        self._failures, self.failure = 0, None
        if pause_seconds > 0:
            self._open(now + pause_seconds, "throttled")
        elif self.state == "half_open":  # the answer to a request from before it opened does not close it
            self.state, self.why = "closed", None

    def failed(self, now: float, failure: Failure) -> float:
        """Note that Meta did not read a request; return the seconds its events should wait if others need not."""
        self._failures, self.failure = self._failures + 1, failure
        wait = self._patience.backoff(self._failures, self._dice())
        if failure.kind == "throttled":  # jitter comes on top: earlier than told would make it longer
            self._open(now + failure.pause_seconds + self._patience.first_wait_seconds * self._dice(), failure.kind)
        elif failure.kind == "token":
            self._open(now + self._patience.token_wait_seconds, failure.kind)
        elif self.state != "closed" or failure.kind == "refusing" or self._is_too_much(failure):
            self._open(now + max(wait, failure.pause_seconds), failure.kind)
        return wait

    def _is_too_much(self, failure: Failure) -> bool:
        return self._failures >= self._patience.failures_to_open or failure.pause_seconds > 0

    def unused(self) -> None:
        """Give back a leave that `ask` gave and no request used."""
        if self.state == "half_open":
            self.state = "open"

    def _open(self, until: float, why: Kind) -> None:
        self.state, self.why = "open", why
        self._open_until = max(self._open_until, until)

    def seconds_open(self, now: float) -> float:
        """Return how long it stays open from *now* on."""
        return max(0.0, self._open_until - now) if self.state == "open" else 0.0
