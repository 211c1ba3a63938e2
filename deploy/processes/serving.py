"""How our HTTP processes run: on uvloop, and ended by a signal with exit code 0."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Ends with exit code 0 when told to stop; uvicorn's own raises the signal again and dies of it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as the wish to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def until_told_to_stop() -> asyncio.Event:
    """Return what SIGTERM or SIGINT will set."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def event_loop() -> asyncio.AbstractEventLoop:
    """Make the loop a process runs on."""
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
