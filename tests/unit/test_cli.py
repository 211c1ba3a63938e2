"""What goes wrong at the terminal is one line that says what to do, and a refusal, not a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import note

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
    assert done.stderr == "storestream: Kafka does not answer at 127.0.0.1:1, as KAFKA_BOOTSTRAP_SERVERS says\n"


def test_an_up_in_another_folder_is_found_where_the_environment_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    with note.alone(folder):
        note.remember(folder, {}, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:2"})
        told = storestream("shops", "list", folder=tmp_path, STORESTREAM_FOLDER="elsewhere")
        asked = storestream("shops", "list", folder=tmp_path, STORESTREAM_FOLDER="nowhere")

    assert "Kafka does not answer at 127.0.0.1:2" in told.stderr
    assert "no `storestream up` is ready in nowhere" in asked.stderr


@pytest.mark.parametrize(("process", "variable"), [("stitch", "WORKER_METRICS_PORT"), ("jobs", "JOBS_METRICS_PORT")])
def test_a_port_for_metrics_that_is_taken_is_named(tmp_path: Path, process: str, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        addresses = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "CLICKHOUSE_URL": "http://u:secret@127.0.0.1:1/d"}
        done = storestream("run", process, folder=tmp_path, **addresses, **{variable: str(taken.getsockname()[1])})

    assert (done.returncode, done.stderr) == (
        1,
        f"storestream: {variable}: nothing can listen there: Address already in use\n",
    )


def test_a_folder_that_a_worker_cannot_make_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = storestream("run", "stitch", folder=tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", WORKER_FOLDER="file")

    assert (done.returncode, done.stderr) == (1, "storestream: WORKER_FOLDER cannot be used: Not a directory\n")


def test_up_with_a_kafka_that_is_away_ends_without_a_traceback(tmp_path: Path) -> None:
    outside = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "CLICKHOUSE_URL": "http://u:secret@127.0.0.1:1/d"}
    done = storestream("up", folder=tmp_path, **outside)

    assert done.returncode == 1
    assert "storestream: Kafka does not answer at 127.0.0.1:1" in done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
