"""A closing line that says which servers the tests ran against, also where workers of pytest-xdist ran them."""

from typing import Any

import pytest

from tests import servers

_told: set[str] = set()


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
