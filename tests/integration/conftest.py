"""The servers of this session; tests/conftest.py says at the end which they were."""

from collections.abc import Iterator

import httpx
import pytest

from deploy.servers.clickhouse.local import ClickHouse, running_clickhouse
from tests import servers


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a Kafka all tests of the session share: name your topics uniquely."""
    with servers.kafka(tmp_path_factory.mktemp("kafka")) as address:
        yield address


@pytest.fixture(scope="session")
def clickhouse_addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.ClickHouseAddresses]:
    """A ClickHouse all tests of the session share: work in a database of your own."""
    with servers.clickhouse(tmp_path_factory.mktemp("clickhouse")) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def clickhouse_url(clickhouse_addresses: servers.ClickHouseAddresses) -> str:
    """The address of who writes, with credentials and without a database."""
    return clickhouse_addresses.writer


@pytest.fixture(scope="session")
def clickhouse_analyst_url(clickhouse_addresses: servers.ClickHouseAddresses) -> str:
    """The address of who only reads."""
    if clickhouse_addresses.analyst is None:
        pytest.skip("this ClickHouse has no analyst: set CLICKHOUSE_ANALYST_URL")
    return clickhouse_addresses.analyst


@pytest.fixture(scope="session")
def embedded_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """Our embedded ClickHouse, whatever else is at hand: for the tests of that server itself."""
    with running_clickhouse(tmp_path_factory.mktemp("embedded")) as server:
        yield server


@pytest.fixture(scope="session")
def embedded_http(embedded_clickhouse: ClickHouse) -> Iterator[httpx.Client]:
    """Plain HTTP to our embedded ClickHouse, as its writer."""
    auth = httpx.URL(embedded_clickhouse.url)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{embedded_clickhouse.port}", auth=(auth.username, auth.password), timeout=60
    ) as client:
        yield client
