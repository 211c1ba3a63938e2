"""How fast archiving is: decoding and mapping alone, and the worker on real servers beside bare aiokafka loops.

    python -m tests.benchmarks.archive

Kafka, ClickHouse and the process measured share the machine's cores, so that events per second of the process's own
time tell more about it than those per second of the clock. `bare, inserts` writes the same rows without Faust, ranges
and commits.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psutil
from aiokafka import AIOKafkaProducer

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from schemas import topics
from schemas.codec import Codec
from schemas.settings import ClickHouseSettings, KafkaSettings
from tests.benchmarks.archive_steps import EVENTS, RUNS, enriched, median_of_steps, rows_per_event
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.servers import clickhouse, kafka, used

PROJECT = Path(__file__).resolve().parents[2]
ENVELOPES = 2_000
PARTITIONS = 4


class Speed(NamedTuple):
    """Events per second of the clock, and per second of the process's own time."""

    per_second: float
    per_cpu_second: float


def main() -> None:
    """Measure everything and print it."""
    codec = Codec.from_lock()
    values = list(enriched(codec, ENVELOPES))
    rows = rows_per_event(codec, values[:200])
    print(f"an event is {rows:.2f} rows: its own, and those of the visits and people it changes")
    for name, speed in median_of_steps(codec, values[:200]).items():
        print(f"{name:28}{speed:>12,.0f} events, {speed * rows:,.0f} rows per CPU second")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with kafka(path / "kafka") as bootstrap_servers, clickhouse(path / "clickhouse") as addresses:
            print(*used(), sep="\n")
            asyncio.run(_beside_bare_loops(bootstrap_servers, addresses.writer, values, path, rows))


async def _beside_bare_loops(bootstrap_servers: str, url: str, values: list[bytes], folder: Path, rows: float) -> None:
    speeds: dict[str, list[Speed]] = {}
    on_kafka = own_kafka(bootstrap_servers, partitions=PARTITIONS)
    await _fill(on_kafka, values)
    for _ in range(RUNS):
        for name, task in (
            ("archive worker (Faust)", None),
            ("bare, inserts", "insert"),
            ("bare, decodes", "--decode-only"),
            ("bare, reads", "--read-only"),
        ):
            with _database(url) as own:
                run = _bare(on_kafka, own, task, folder) if task else _worker(on_kafka, own, folder)
                speeds.setdefault(name, []).append(run)
    worker = statistics.median(each.per_second for each in speeds["archive worker (Faust)"])
    print(f"{'median of ' + str(RUNS):28}{'events/s':>12}{'rows/s':>12}{'rows/CPU s':>12}{'worker is':>12}")
    for name, measured in speeds.items():
        wall = statistics.median(each.per_second for each in measured)
        cpu = statistics.median(each.per_cpu_second for each in measured)
        print(f"{name:28}{wall:>12,.0f}{wall * rows:>12,.0f}{cpu * rows:>12,.0f}{worker / wall:>11.2f}x")


async def _fill(settings: KafkaSettings, values: list[bytes]) -> None:
    await make_topics(settings)
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, linger_ms=20) as producer:
        for number, value in enumerate(values):
            name = settings.prefix + topics.EVENTS_ENRICHED.name
            await producer.send(name, value, partition=number % PARTITIONS)


@contextmanager
def _database(url: str) -> Iterator[ClickHouseSettings]:
    own = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{url.rstrip('/')}/bench_{uuid4().hex[:8]}"})
    migrate(own)
    yield own
    client = connect(own)
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def _environment(on_kafka: KafkaSettings, own: ClickHouseSettings, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": on_kafka.bootstrap_servers,
        "STORESTREAM_TOPIC_PREFIX": on_kafka.prefix,
        "STORESTREAM_PARTITIONS": str(PARTITIONS),
        "CLICKHOUSE_URL": own.url.get_secret_value(),
        "WORKER_FOLDER": str(folder / "state"),
    }


def _bare(on_kafka: KafkaSettings, own: ClickHouseSettings, task: str, folder: Path) -> Speed:
    command = [sys.executable, "-m", "tests.benchmarks.bare_archive", task]
    env = _environment(on_kafka, own, folder)
    told = json.loads(subprocess.run(command, cwd=PROJECT, env=env, check=True, capture_output=True).stdout)
    events = ENVELOPES * EVENTS
    return Speed(events / told["seconds"], events / told["cpu_seconds"])


def _worker(on_kafka: KafkaSettings, own: ClickHouseSettings, folder: Path) -> Speed:
    """Time the worker from its first row in ClickHouse to its last; each run is a consumer group of its own."""
    env = _environment(on_kafka, own, folder)
    command = [sys.executable, "-c", f"import tests.benchmarks.archive as a; a.work('archive-{uuid4().hex[:8]}')"]
    client = connect(own)
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=log, stderr=log)
    try:
        first = _until(client, process, 1)
        began, cpu_began = time.perf_counter(), _cpu(process)
        last = _until(client, process, ENVELOPES * EVENTS)
        seconds, cpu_seconds = time.perf_counter() - began, _cpu(process) - cpu_began
    finally:
        process.kill()
        process.wait()
        client.close()
    return Speed((last - first) / seconds, (last - first) / cpu_seconds)


def work(group: str) -> None:
    """Run the archive as another consumer group, so that it begins at the topic's start again."""
    from streams import worker

    create = worker.create_app
    worker.create_app = lambda name, **options: create(group, **options)
    from streams import archive

    archive.main()


def _until(client: object, process: subprocess.Popen[bytes], count: int) -> int:
    while True:
        found = int(client.query("SELECT count() FROM events").result_rows[0][0])  # type: ignore[attr-defined]
        if found >= count:
            return found
        assert process.poll() is None, "the worker ended; see its log"
        time.sleep(0.05)


def _cpu(process: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
