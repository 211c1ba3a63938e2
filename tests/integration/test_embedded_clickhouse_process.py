"""The embedded ClickHouse is a good process: one owner a folder, clear refusals, a clean end, nothing lost."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.ports import free_port
from deploy.servers import ServerError
from deploy.servers.clickhouse.local import ClickHouse, running_clickhouse

pytestmark = pytest.mark.integration

COMMAND = [sys.executable, "-m", "deploy.servers.clickhouse"]


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Run the command and read the line it announces itself with."""
    process = subprocess.Popen([*COMMAND, "--path", str(folder), *options], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        with process.stdout as lines:
            yield process, json.loads(lines.readline())
    finally:
        process.kill()
        process.wait()


def posted(announced: dict[str, Any], folder: Path, sql: str) -> str:
    password = (folder / "password").read_text().strip()
    place = f"http://127.0.0.1:{announced['port']}/"
    return httpx.post(place, auth=("storestream", password), content=sql).raise_for_status().text


def test_it_announces_its_address_and_never_its_password(tmp_path: Path) -> None:
    with started(tmp_path / "a") as (process, announced):
        password = (tmp_path / "a" / "password").read_text().strip()

        assert announced["pid"] == process.pid
        assert httpx.get(f"http://127.0.0.1:{announced['port']}/ping").text == "Ok.\n"
        assert password not in json.dumps(announced)
    assert stat.S_IMODE((tmp_path / "a" / "password").stat().st_mode) == 0o600
    assert len(password) >= 24


def test_the_environment_may_give_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_EMBEDDED_PASSWORD", "s3cret/&:")
    with running_clickhouse(tmp_path) as server:
        assert httpx.post(server.url, content="CREATE DATABASE x ENGINE = Atomic").status_code == 200
    assert not (tmp_path / "password").exists()


def test_a_folder_in_use_is_refused_with_the_pid_of_its_owner(tmp_path: Path) -> None:
    with started(tmp_path) as (owner, _):
        second = subprocess.run([*COMMAND, "--path", str(tmp_path)], capture_output=True, timeout=30, check=False)

    assert second.returncode == 1
    assert f"in use by process {owner.pid}" in second.stderr.decode().splitlines()[-1]


def test_a_taken_port_is_refused_or_replaced(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        options = ["--path", str(tmp_path), "--port", port]
        refused = subprocess.run([*COMMAND, *options], capture_output=True, timeout=30, check=False)
        with started(tmp_path, "--port", port, "--port-fallback") as (_, announced):
            assert str(announced["port"]) != port

    assert refused.returncode == 1
    assert f"port {port} is taken" in refused.stderr.decode()


def test_the_announcement_may_go_to_a_file(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    port = free_port()
    options = ["--path", str(tmp_path / "a"), "--port", str(port), "--ready-file", str(ready)]
    with subprocess.Popen([*COMMAND, *options]) as process:
        deadline = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()

    assert json.loads(ready.read_text())["port"] == port


def test_sigterm_ends_it_soon_even_amid_a_query(tmp_path: Path) -> None:
    with started(tmp_path) as (process, announced):
        place = f"http://127.0.0.1:{announced['port']}/"
        endless = b"SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
        with httpx.Client() as client, pytest.raises(httpx.ReadTimeout):
            client.post(place, content=endless, timeout=0.5)
        with subprocess.Popen(["curl", "-s", place, "--data-binary", endless.decode()]) as asking:
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            process.wait(10)
            asking.wait(5)

        assert process.returncode in (0, -signal.SIGTERM)


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    with started(tmp_path) as (process, announced):
        posted(announced, tmp_path, "CREATE DATABASE s ENGINE = Atomic")
        posted(announced, tmp_path, "CREATE TABLE s.t (a UInt32) ENGINE = MergeTree ORDER BY a")
        for at in range(20):
            posted(announced, tmp_path, f"INSERT INTO s.t VALUES ({at})")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with started(tmp_path) as (_, announced):
        assert posted(announced, tmp_path, "SELECT count() FROM s.t") == "20\n"


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path)
    with (
        running_clickhouse(tmp_path, server.port),
        pytest.raises(ServerError, match="in use by process"),
        running_clickhouse(tmp_path),
    ):
        pass


def test_a_body_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with started(tmp_path, "--max-body-bytes", "1000") as (_, announced):
        answer = httpx.post(f"http://127.0.0.1:{announced['port']}/", content=b"SELECT 1" + b" " * 2000)

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (413, "278")
