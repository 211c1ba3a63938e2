"""What a restart of the stitch worker costs: the time until it knows its browsers again, and the memory they take.

    python -m tests.benchmarks.recovery

Writes the states of a million browsers, as `tests.benchmarks.stitch` makes them, to the changelog as the worker does.
Measures from the start of the process until its first envelope leaves, with that changelog and with an empty one.
"""

import asyncio
import itertools
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas import topics
from schemas.codec import Codec
from schemas.settings import KafkaSettings
from streams.tables import CHANGELOG_CONFIG
from tests.benchmarks.stitch import running, states
from tests.benchmarks.traffic import PARTITIONS, envelopes
from tests.integration.kafka_topics import make_topic, make_topics, own_kafka
from tests.servers import kafka, used

BROWSERS = 1_000_000
BATCH_RECORDS = 200
BATCH_BYTES = 512 * 1024


class Start(NamedTuple):
    """Seconds until the first envelope, seconds of the process's own time until then, and its memory in bytes."""

    seconds: float
    cpu_seconds: float
    memory: int


def main() -> None:
    """Measure and print."""
    kept = [state for state in states(3_000).values() if state]
    with tempfile.TemporaryDirectory() as folder, kafka(Path(folder) / "kafka") as bootstrap_servers:
        print(*used(), sep="\n")
        empty = asyncio.run(_start(bootstrap_servers, Path(folder), kept, 0))
        full = asyncio.run(_start(bootstrap_servers, Path(folder), kept, BROWSERS))
    print(f"with nothing to read       {empty.seconds:>7.1f} s, {empty.memory / 2**20:,.0f} MiB")
    print(f"with {BROWSERS:,} browsers    {full.seconds:>7.1f} s, {full.memory / 2**20:,.0f} MiB")
    per_million, cpu = full.seconds - empty.seconds, full.cpu_seconds - empty.cpu_seconds
    print(f"recovery of a million keys {per_million:>7.1f} s ({cpu:.1f} s of the worker's own time)")
    print(f"memory of a million        {(full.memory - empty.memory) / 2**20:>7,.0f} MiB ", end="")
    print(f"({sum(map(len, kept)) / len(kept):,.0f} bytes a state)")


async def _start(bootstrap_servers: str, folder: Path, kept: list[bytes], browsers: int) -> Start:
    settings = own_kafka(bootstrap_servers, partitions=PARTITIONS)
    await make_topics(settings)
    await _fill(settings, kept, browsers)
    done = [TopicPartition(settings.prefix + topics.EVENTS_ENRICHED.name, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, fetch_max_wait_ms=20) as consumer:
        consumer.assign(done)
        await consumer.seek_to_beginning(*done)
        began = time.perf_counter()
        with running(settings, ["-m", "streams.stitch"], folder) as process:
            await consumer.getone()
            seconds, worker = time.perf_counter() - began, psutil.Process(process.pid)
            times = worker.cpu_times()
            return Start(seconds, times.user + times.system, worker.memory_info().rss)


async def _fill(settings: KafkaSettings, kept: list[bytes], browsers: int) -> None:
    """Write one envelope to stitch, and before it the states of *browsers* to the changelog."""
    changelog = f"{settings.prefix}stitch-visitors-changelog"
    config = {name.replace(".", "_"): value for name, value in CHANGELOG_CONFIG.items()}
    await make_topic(settings.bootstrap_servers, changelog, PARTITIONS, **config)
    (envelope,) = envelopes(Codec.from_lock(), 1)
    records = zip((f"demo|{uuid.UUID(int=number)}".encode() for number in range(browsers)), itertools.cycle(kept))
    async with AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers, compression_type="zstd", max_batch_size=BATCH_BYTES
    ) as producer:
        for partition in itertools.cycle(range(PARTITIONS)):
            batch, taken = producer.create_batch(), 0
            for key, state in itertools.islice(records, BATCH_RECORDS):
                assert batch.append(timestamp=None, key=key, value=state), "a batch has room for them"
                taken += 1
            if not taken:
                break
            await producer.send_batch(batch, changelog, partition=partition)
        await producer.flush()
        await producer.send_and_wait(settings.prefix + topics.EVENTS_RECEIVED.name, envelope, partition=0)


if __name__ == "__main__":
    main()
