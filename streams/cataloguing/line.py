"""The line to Meta of one catalog: calls go out while its circuit is closed, and usage slows the next ones down."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from connectors.meta.catalog.quota import Usage, window_seconds
from connectors.meta.circuits import Circuit, Patience
from connectors.meta.failures import Failure
from streams.cataloguing import metrics

ASK_SECONDS = 1.0

log = structlog.get_logger()


class Answered(Protocol):
    """Whatever Meta answered, with what its headers said."""

    @property
    def usage(self) -> Usage:
        """What is used up."""


Answer = TypeVar("Answer", bound=Answered)


class Line:
    """Asks one call after the other. *stopped* is told when a person has to act, with why."""

    def __init__(self, label: str, stopped: Callable[[Failure], None], patience: Patience | None = None) -> None:
        """Begin with a closed circuit."""
        self._label, self._stopped = label, stopped
        self.circuit = Circuit(patience or Patience(), random.random)
        self._told = self.circuit.state
        self._patience = patience or Patience()
        self._percent: float | None = None
        self.calls_out = 0

    @property
    def is_calling(self) -> bool:
        """Whether a call is out, or may be at once."""
        return self.calls_out > 0 or self.circuit.state == "closed"

    @property
    def percent(self) -> float | None:
        """Of Meta's limits, how much of the one used most, as its last answer said; None while none has said."""
        return self._percent

    def window_seconds(self, shortest: float) -> float:
        """Return how long changes are gathered now."""
        return window_seconds(shortest, self._percent)

    async def call(self, make: Callable[[], Awaitable[Answer | Failure]]) -> Answer | Failure:
        """Wait until a call may go out, make it, and note what came of it. A `transient` failure has been waited for.

        Calls go one by one while the circuit is not closed.
        """
        while wait := self.circuit.ask(time.monotonic()):  # noqa: ASYNC110 - only time opens it
            await asyncio.sleep(min(wait, ASK_SECONDS))
        self._tell(None)
        self.calls_out += 1
        try:
            answer = await make()
        finally:
            self.calls_out -= 1
        now = time.monotonic()
        if not isinstance(answer, Failure):
            metrics.REQUESTS.labels(self._label, "accepted").inc()
            self.circuit.answered(now, answer.usage.pause_seconds)
            self._note(answer.usage.percent)
            self._tell(None)
            return answer
        metrics.REQUESTS.labels(self._label, answer.kind).inc()
        wait = 0.0
        if answer.kind in ("permanent", "split"):
            self.circuit.answered(now, answer.pause_seconds)
        else:
            wait = self.circuit.failed(now, answer)
        self._tell(answer)
        if self.circuit.state == "closed" and wait:
            await asyncio.sleep(wait)
        return answer

    def _note(self, percent: float | None) -> None:
        if percent is not None:
            self._percent = percent
            metrics.QUOTA.labels(self._label).set(percent)

    def _tell(self, failure: Failure | None) -> None:
        circuit = self.circuit
        if circuit.state == self._told:
            return
        was, self._told = self._told, circuit.state
        for why in ("transient", "throttled", "token"):
            metrics.OPEN.labels(self._label, why).set(metrics.STATES[circuit.state] if why == circuit.why else 0)
        if circuit.state == "closed":
            log.info("catalog resumed", catalog=self._label)
        elif circuit.state == "open":
            seconds = round(circuit.seconds_open(time.monotonic()), 1)
            log.warning("catalog paused", catalog=self._label, why=circuit.why, seconds=seconds)
            if failure is not None and failure.kind == "token" and was == "closed":
                self._stopped(failure)
