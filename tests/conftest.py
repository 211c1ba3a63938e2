"""A closing line that says which servers the tests ran against, also where workers of pytest-xdist ran them.

And ports of its own for each of those workers.
"""

import os
from typing import Any

import pytest

from tests import servers

_told: set[str] = set()
_FIRST_PORT, _PORTS_OF_EACH = 20_000, 3_000


def pytest_configure(config: pytest.Config) -> None:
    """Keep workers, and the servers they start, from choosing the same free port in the same second."""
    worker: str = getattr(config, "workerinput", {}).get("workerid", "")
    if worker:
        first = _FIRST_PORT + _PORTS_OF_EACH * (int(worker.removeprefix("gw")) % 4)
        os.environ.setdefault("STORESTREAM_PORTS", f"{first}-{first + _PORTS_OF_EACH - 1}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker used to where the summary is printed."""
    told = servers.used()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["servers"] = told
    else:
        _told.update(told)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker sent; one that crashed sent nothing."""
    _told.update(getattr(node, "workeroutput", {}).get("servers", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers the tests ran against."""
    for line in sorted(_told):
        terminalreporter.write_line(line)
