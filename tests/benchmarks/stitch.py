"""How fast stitching is: the step alone, and the worker on real Kafka beside bare aiokafka loops, in one run.

    python -m tests.benchmarks.stitch

`bare, envelopes` does the same work on the same records without Faust, one process, state in a dictionary and its
changelog in Kafka. `bare, one record per event` is how one would do it without envelopes. `bare, decode only` reads
and decodes, and does nothing else. It also prints what is kept of a browser, in bytes, as many as browse here, and
what a browser that never stops costs the others. How long a restart takes: `tests.benchmarks.recovery`.
"""

import asyncio
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

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas import topics
from schemas.codec import Codec
from schemas.settings import KafkaSettings
from streams.rules.catalogs import Catalog
from streams.stitching import Source, Stitcher
from tests.benchmarks.traffic import PARTITIONS, envelopes, products, with_a_hot_key
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.servers import kafka, used

PROJECT = Path(__file__).resolve().parents[2]
EVENTS = 100
ENVELOPES = 1_000
RUNS = 3
SINGLES = 10_000
EVENTS_OF_A_VISITOR = 30
HOT_ENVELOPES = 2_000


class Speed(NamedTuple):
    """Events per second of the clock, and per second of the process's own time."""

    events_per_second: float
    events_per_cpu_second: float


def main() -> None:
    """Measure everything and print it."""
    print(f"the step alone        {median_of_steps():>9,.0f} events per CPU second (one core, median of {RUNS})")
    kept = sizes(3_000)
    print(f"kept of a browser     {statistics.median(kept):>9,.0f} bytes in the middle, {kept[-1]:,} at most", end="; ")
    print(f"{max(sizes(4)):,} of one with 7,500 events")
    first, last, size = hot_key()
    print(
        f"beside a hot key      {last:>9,.0f} events per CPU second, {first:,.0f} to begin with, where half of 200,000"
    )
    print(f"                                 come of one browser within the hour; {size:,} bytes are kept of it")
    with tempfile.TemporaryDirectory() as folder, kafka(Path(folder) / "kafka") as bootstrap_servers:
        print(*used(), sep="\n")
        asyncio.run(_beside_bare_loops(bootstrap_servers, Path(folder)))


def median_of_steps() -> float:
    """Time the pure step, decode to encode, in events per CPU second."""
    codec = Codec.from_lock()
    values = list(envelopes(codec, 300))
    return statistics.median(_step(codec, values, {}) for _ in range(RUNS))


def sizes(visitors: int) -> list[int]:
    """Measure the state of each of *visitors* browsers, in bytes, the smallest first."""
    return sorted(len(state or b"") for state in states(visitors).values())


def states(visitors: int) -> dict[bytes, bytes | None]:
    """Make the states of *visitors* browsers after 300 envelopes, by key."""
    codec, kept = Codec.from_lock(), dict[bytes, bytes | None]()
    _step(codec, list(envelopes(codec, 300, visitors=visitors)), kept)
    return kept


def hot_key() -> tuple[float, float, int]:
    """Stitch while one browser never stops: events per CPU second in the first and in the last quarter; its bytes."""
    codec, kept = Codec.from_lock(), dict[bytes, bytes | None]()
    values = list(with_a_hot_key(codec, HOT_ENVELOPES))
    quarter = len(values) // 4
    speeds = [
        _step(codec, values[start : start + quarter], kept, after=start) for start in range(0, len(values), quarter)
    ]
    return speeds[0], speeds[-1], max(len(state or b"") for state in kept.values())


def _step(codec: Codec, values: list[bytes], visitors: dict[bytes, bytes | None], *, after: int = 0) -> float:
    catalog = Catalog()
    for change in products():
        catalog.apply(change)
    stitcher = Stitcher(codec, catalog, {}, read_visitor=visitors.get, read_checkout=visitors.get)
    began = time.process_time()
    for offset, value in enumerate(values, after):
        outcome = stitcher.stitch(Source(topics.EVENTS_RECEIVED.name, offset % PARTITIONS, offset, value, 0))
        outcome.envelopes()
        visitors.update(outcome.visitors)
    return len(values) * EVENTS / (time.process_time() - began)


async def _beside_bare_loops(bootstrap_servers: str, folder: Path) -> None:
    codec = Codec.from_lock()
    full = list(envelopes(codec, ENVELOPES, visitors=ENVELOPES * EVENTS // EVENTS_OF_A_VISITOR))
    single = list(envelopes(codec, SINGLES, events=1, visitors=SINGLES // EVENTS_OF_A_VISITOR))
    speeds: dict[str, list[Speed]] = {}
    for _ in range(RUNS):
        for name, command, values in (
            ("stitch worker (Faust)", ["-m", "streams.stitch"], full),
            ("bare, envelopes", ["-m", "tests.benchmarks.bare_stitch"], full),
            ("bare, one record per event", ["-m", "tests.benchmarks.bare_stitch"], single),
            ("bare, decode only", ["-m", "tests.benchmarks.bare_stitch", "--decode-only"], full),
        ):
            kafka_of_run = own_kafka(bootstrap_servers, partitions=PARTITIONS)
            await _fill(kafka_of_run, codec, values)
            events = len(values) * (EVENTS if values is full else 1)
            speeds.setdefault(name, []).append(await _measure(kafka_of_run, command, events, len(values), folder))
    worker = statistics.median(each.events_per_second for each in speeds["stitch worker (Faust)"])
    print(f"{'median of ' + str(RUNS):28}{'events/s':>12}{'per CPU s':>12}{'worker is':>12}")
    for name, measured in speeds.items():
        wall = statistics.median(each.events_per_second for each in measured)
        cpu = statistics.median(each.events_per_cpu_second for each in measured)
        print(f"{name:28}{wall:>12,.0f}{cpu:>12,.0f}{worker / wall:>11.2f}x")


async def _fill(settings: KafkaSettings, codec: Codec, values: list[bytes]) -> None:
    await make_topics(settings)
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, linger_ms=20) as producer:
        for change in products():
            name = settings.prefix + topics.PRODUCTS_CHANGED.name
            await producer.send(name, codec.encode("ProductChange", change), key=change["product_id"].encode())
        for number, value in enumerate(values):
            await producer.send(settings.prefix + topics.EVENTS_RECEIVED.name, value, partition=number % PARTITIONS)


async def _measure(settings: KafkaSettings, command: list[str], events: int, records: int, folder: Path) -> Speed:
    """Run *command* until it has said one record for each of *records*; time it from the first to the last."""
    name = settings.prefix + topics.EVENTS_ENRICHED.name
    done = [TopicPartition(name, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, fetch_max_wait_ms=20, max_partition_fetch_bytes=4_000_000
    ) as consumer:
        consumer.assign(done)
        await consumer.seek_to_beginning(*done)
        with running(settings, command, folder) as process:
            await consumer.getone()
            began, cpu_began, said = time.perf_counter(), _cpu(process), 1
            while said < records:
                said += sum(map(len, (await consumer.getmany(timeout_ms=1000)).values()))
            seconds, cpu_seconds = time.perf_counter() - began, _cpu(process) - cpu_began
    return Speed(events / seconds, events / cpu_seconds)


def _cpu(process: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def running(settings: KafkaSettings, command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run *command* in a process of its own against the Kafka of *settings*."""
    env = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "STORESTREAM_TOPIC_PREFIX": settings.prefix,
        "STORESTREAM_PARTITIONS": str(PARTITIONS),
        "WORKER_FOLDER": str(folder / "state"),
    }
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, *command], cwd=PROJECT, env=env, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
