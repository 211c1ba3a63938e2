"""The servers of this session, and a closing line that says which they were."""

from collections.abc import Iterator

import pytest

from tests import servers


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a Kafka all tests of the session share: name your topics uniquely."""
    with servers.kafka(tmp_path_factory.mktemp("kafka")) as address:
        yield address


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers the tests ran against."""
    for line in servers.used():
        terminalreporter.write_line(line)
