"""Fail-stop: a worker that cannot do its work ends at once, and acknowledges nothing it has not done.

Faust acknowledges an event whose agent raised. So nothing may escape an agent: the process ends with 70, the
supervisor starts it again, and Kafka gives it the same events once more.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Final, NoReturn

import structlog

from schemas.errors import ConfigurationError, TransientError

EX_SOFTWARE: Final = 70

log = structlog.get_logger()


def end_process(event: str, error: BaseException | None = None, **context: object) -> NoReturn:
    """Log *event* with the type and the place of *error*, and end the process with 70.

    Its text only where it is ours, and names a setting or a system: others' may quote what people typed.
    """
    while isinstance(error, BaseExceptionGroup):  # of a TaskGroup
        error = error.exceptions[0]
    if isinstance(error, ConfigurationError | TransientError):
        context["detail"] = str(error)
    log.critical(event, error=type(error).__name__ if error else None, at=_place(error), **context)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EX_SOFTWARE)


@contextlib.contextmanager
def fail_stop(name: str) -> Iterator[None]:
    """End the process when anything but a cancellation leaves this block. *name* says what could not be done."""
    try:
        yield
    except Exception as exc:
        end_process("worker failed", exc, agent=name)


def following_ended(error: BaseException) -> NoReturn:
    """End the process: what it follows would stand still from now on. For `connectors.kafka.follower.Follower`."""
    end_process("following ended", error)


def _place(error: BaseException | None) -> str | None:
    frames = traceback.extract_tb(error.__traceback__) if error else []
    return f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else None
