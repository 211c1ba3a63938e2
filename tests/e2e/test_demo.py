"""`storestream demo` as its user runs it: whole, and with workers killed under it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

# The demo brings its own servers; what the surroundings point at is not its business.
ADDRESSES = ("KAFKA_BOOTSTRAP_SERVERS", "CLICKHOUSE_URL", "SCHEMA_REGISTRY_URL", "META_GRAPH_URL")


def start_demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    argv = [sys.executable, "-m", "deploy.cli", "demo", "--keep", str(folder), *options]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def outcome_of(demo: subprocess.Popen[str], folder: Path) -> dict[str, Any]:
    report, said = demo.communicate(timeout=230)
    logs = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in folder.glob("logs/*.log"))
    assert demo.returncode == 0, f"{said[-2000:]}\n{report[-3000:]}\n{logs}"
    outcome: dict[str, Any] = json.loads(report.splitlines()[-1])
    return outcome


def worker(demo: subprocess.Popen[str], name: str) -> psutil.Process:
    """The worker *name* itself, not the tether that holds it."""
    for process in psutil.Process(demo.pid).children(recursive=True):
        line = process.cmdline()
        if line[-2:] == ["run", name] and not any("tether" in word for word in line):
            return process
    raise AssertionError(f"no process runs {name}")


def until_traffic_flows(folder: Path) -> None:
    """Wait until the archive has written its first events: the middle of the demo."""
    log, deadline = folder / "logs" / "archive.log", time.monotonic() + 90
    while not (log.exists() and '"events"' in log.read_text(errors="replace")):
        assert time.monotonic() < deadline, "no events reached ClickHouse"
        time.sleep(0.1)


def test_the_demo_loses_nothing_and_ends_with_a_line_of_json(tmp_path: Path) -> None:
    outcome = outcome_of(start_demo(tmp_path, "--events", "1500"), tmp_path)

    assert outcome["lost"] == outcome["duplicated"] == 0
    assert outcome["events_in_clickhouse"] == outcome["events_sent"] > 1000
    assert outcome["orders_in_clickhouse"] == outcome["orders_sent"] > 5
    assert outcome["conversions_accepted"] > 500
    assert outcome["rejected"] > 0
    assert outcome["persons"] <= outcome["sessions"]


def test_killing_stitch_and_archive_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--events", "2500", "--rate", "150")
    until_traffic_flows(tmp_path)
    for name in ("stitch", "archive", "forward"):
        os.kill(worker(demo, name).pid, signal.SIGKILL)
        time.sleep(1)

    outcome = outcome_of(demo, tmp_path)

    assert outcome["lost"] == outcome["duplicated"] == 0
    assert outcome["events_in_clickhouse"] == outcome["events_sent"]
    assert outcome["orders_in_clickhouse"] == outcome["orders_sent"]


def test_nothing_survives_a_demo_that_is_killed(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--events", "5000")
    until_traffic_flows(tmp_path)
    family = psutil.Process(demo.pid).children(recursive=True)
    demo.kill()
    demo.communicate()

    _, alive = psutil.wait_procs(family, timeout=30)

    assert family
    assert alive == []
