"""Logs of a process, ours and Faust's and aiokafka's: colours at a terminal, else one JSON object a line on stderr.

No line carries a payload: of an exception only its type and place are written, also where a library logs it.
"""

import logging
import logging.config
import os
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

LIBRARIES = ("faust", "mode", "aiokafka", "kafka", "asyncio")


def configure(name: str, *, level: str = "INFO", libraries_level: str = "WARNING") -> None:
    """Set up logging for the process *name*; *libraries_level* is for Faust and aiokafka."""

    def name_process(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {"process": name, **event}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_process,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exceptions_by_type,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(_config(shared, level, libraries_level))


def exceptions_by_type(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace an exception in *event* by its type and place: its text may quote what it failed on."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        if frames:
            event["at"] = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}"
    return event


class NoExceptionText(logging.Filter):
    """Puts an exception's type where a library would format the exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change *record* in place; let it pass."""
        if isinstance(record.args, tuple):
            record.args = tuple(_harmless(each) for each in record.args)
        return True


def _harmless(argument: object) -> object:
    return type(argument).__name__ if isinstance(argument, BaseException) else argument


def _config(shared: list[Processor], level: str, libraries_level: str) -> dict[str, Any]:
    terminal = sys.stderr.isatty()
    renderer: Processor = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no_exception_text": {"()": NoExceptionText}},
        "formatters": {
            "ours": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "ours",
                "filters": ["no_exception_text"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": libraries_level} for name in LIBRARIES},
    }
