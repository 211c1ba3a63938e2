"""docker-compose.yml as a compose parser reads it."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from tests.env_example import ROOT, env_example

COMPOSE: Final = ROOT / "deploy" / "compose"
PROCESSES: Final = ("ingest", "stitch", "forward", "archive", "catalog", "api", "jobs")
SECRETS: Final = {
    "CLICKHOUSE_WRITER_PASSWORD": "hush1",
    "CLICKHOUSE_ANALYST_PASSWORD": "hush2",
    "GRAFANA_ADMIN_PASSWORD": "hush3",
    "KAFKA_UI_PASSWORD": "hush4",
}
CLUSTER: Final = {
    "COMPOSE_PROFILES": "cluster",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092,kafka-2:9092,kafka-3:9092",
    "KAFKA_QUORUM_VOTERS": "1@kafka:9093,2@kafka-2:9093,3@kafka-3:9093",
    "KAFKA_REPLICATION_FACTOR": "3",
    "KAFKA_MIN_INSYNC_REPLICAS": "2",
}


def parsed(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Let podman-compose read docker-compose.yml with *env* as .env; it needs no podman for that."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "env"
        file.write_text("".join(f"{name}={value}\n" for name, value in env.items()))
        command = [sys.executable, "-m", "podman_compose", "--dry-run", "--env-file", str(file)]
        command += ["--file", str(ROOT / "docker-compose.yml"), "config"]
        bare = {"PATH": os.environ["PATH"]}
        return subprocess.run(command, env=bare, capture_output=True, text=True, timeout=60, check=False, cwd=folder)


@functools.cache
def single() -> dict[str, Any]:
    """Return the services with the example's settings and secrets."""
    return _services(env_example(SECRETS))


@functools.cache
def clustered() -> dict[str, Any]:
    """Return the services of the cluster profile."""
    return _services(env_example(SECRETS | CLUSTER))


def _services(env: dict[str, str]) -> dict[str, Any]:
    result = parsed(env)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = yaml.safe_load(result.stdout)["services"]
    return found
