"""What goes wrong at the terminal is one line that says what to do, and a refusal, not a traceback."""

import os
import subprocess
import sys
from pathlib import Path

ADDRESSES = ("KAFKA_BOOTSTRAP_SERVERS", "CLICKHOUSE_URL", "SCHEMA_REGISTRY_URL")


def storestream(*arguments: str, folder: Path, **addresses: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ADDRESSES} | addresses
    command = [sys.executable, "-m", "deploy.cli", *arguments]
    inherited = environment | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=inherited)


def test_without_any_server_it_tells_that_none_runs_here(tmp_path: Path) -> None:
    done = storestream("query", "funnel", "--shop", "demo", folder=tmp_path)

    assert done.returncode == 1
    assert "CLICKHOUSE_URL (missing); no `storestream up` is ready in .storestream" in done.stderr


def test_a_kafka_that_is_away_is_told_at_once_whatever_is_asked_of_it(tmp_path: Path) -> None:
    done = storestream("shops", "list", folder=tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")

    assert done.returncode == 1
    assert "storestream: Kafka does not answer at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_up_with_a_kafka_that_is_away_ends_without_a_traceback(tmp_path: Path) -> None:
    outside = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "CLICKHOUSE_URL": "http://u:secret@127.0.0.1:1/d"}
    done = storestream("up", folder=tmp_path, **outside)

    assert done.returncode == 1
    assert "storestream: Kafka does not answer at 127.0.0.1:1" in done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
