"""The servers tests run against: an address in the environment, else a container, else the embedded one.

A conftest makes a fixture of a provider; each yields the server's address. tests/conftest.py prints `used()`.

    @pytest.fixture(scope="session")
    def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with kafka(tmp_path_factory.mktemp("kafka")) as address:
            yield address
"""

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.servers.clickhouse.local import running_clickhouse
from deploy.servers.kafka import running_kafka

# Kafka 3.9, the image testcontainers knows how to start.
KAFKA_IMAGE = "confluentinc/cp-kafka:7.9.0"

CLICKHOUSE_IMAGE = "clickhouse/clickhouse-server:26.3"

_used: dict[str, str] = {}


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """Yield the bootstrap servers of a Kafka; *folder* holds the embedded one's records."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        _used["kafka"] = "the cluster KAFKA_BOOTSTRAP_SERVERS names"
        yield os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    elif docker_answers():
        from testcontainers.community.kafka import KafkaContainer

        _used["kafka"] = f"a container of {KAFKA_IMAGE}"
        container = KafkaContainer(KAFKA_IMAGE).with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
        with container as started:
            yield started.get_bootstrap_server()
    else:
        _used["kafka"] = "the embedded Apache Kafka (no KAFKA_BOOTSTRAP_SERVERS, no Docker engine answers)"
        with running_kafka(folder) as server:
            yield server.bootstrap_servers


class ClickHouseAddresses(NamedTuple):
    """Addresses like `http://user:password@host:port`, without a database; *analyst* only reads, if there is one."""

    writer: str
    analyst: str | None


@contextmanager
def clickhouse(folder: Path) -> Iterator[ClickHouseAddresses]:
    """Yield the addresses of a ClickHouse; *folder* holds the embedded one's tables."""
    if os.environ.get("CLICKHOUSE_URL"):
        _used["clickhouse"] = "the server CLICKHOUSE_URL names"
        yield ClickHouseAddresses(os.environ["CLICKHOUSE_URL"], os.environ.get("CLICKHOUSE_ANALYST_URL"))
    elif docker_answers():
        from testcontainers.community.clickhouse import ClickHouseContainer

        _used["clickhouse"] = f"a container of {CLICKHOUSE_IMAGE}"
        with ClickHouseContainer(CLICKHOUSE_IMAGE, port=8123) as started:
            place = f"{started.get_container_host_ip()}:{started.get_exposed_port(8123)}"
            yield ClickHouseAddresses(f"http://{started.username}:{started.password}@{place}", None)
    else:
        _used["clickhouse"] = "the embedded ClickHouse (no CLICKHOUSE_URL, no Docker engine answers)"
        with running_clickhouse(folder) as server:
            yield ClickHouseAddresses(server.url, server.analyst_url)


@functools.cache
def docker_answers() -> bool:
    """Tell whether a Docker engine is there to start containers with."""
    ask = "import docker; docker.from_env(timeout=5).ping()"  # apart: it leaves sockets open when there is none
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0


def used() -> list[str]:
    """Return a line for each server that was used and not yet told of."""
    lines = [f"{name}: {origin}" for name, origin in _used.items()]
    _used.clear()
    return lines
