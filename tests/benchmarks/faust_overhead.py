"""What Faust costs: events per second of a worker on envelopes, beside a bare aiokafka loop doing the same.

python -m tests.benchmarks.faust_overhead [--envelopes 3000] [--rounds 3]
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.benchmarks.overhead_work import CHANGED, ENRICHED, EVENTS, RECEIVED, an_envelope
from tests.servers import kafka

PARTITIONS = 4


class Speed(NamedTuple):
    """Events per second of wall clock and of processor time, and the process's largest memory in MB."""

    wall: float
    cpu: float
    mb: float


def measure(kind: str, envelopes: int, env: dict[str, str]) -> Speed:
    """Run the loop *kind* over all *envelopes* in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.overhead_work", kind, str(envelopes)]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=300, check=True)
    used = json.loads(done.stdout.splitlines()[-1])
    return Speed(envelopes * EVENTS / used["wall"], envelopes * EVENTS / used["cpu"], used["mb"])


async def fill(bootstrap_servers: str, prefix: str, envelopes: int) -> None:
    """Make the topics and put the envelopes there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(prefix + name, PARTITIONS, 1) for name in (RECEIVED, ENRICHED, CHANGED)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, compression_type="lz4", linger_ms=5)
    await producer.start()
    for number in range(envelopes):
        await producer.send(prefix + RECEIVED, an_envelope(number), partition=number % PARTITIONS)
    await producer.stop()


def main() -> None:
    """Measure both, in turns, and print the medians with their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envelopes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    speeds: dict[str, list[Speed]] = {"faust": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder, kafka(Path(folder) / "kafka") as bootstrap_servers:
        for turn in range(options.rounds):
            prefix = f"bench-{time.time_ns()}-{turn}-"
            asyncio.run(fill(bootstrap_servers, prefix, options.envelopes))
            env = {
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
                "STORESTREAM_TOPIC_PREFIX": prefix,
                "STORESTREAM_PARTITIONS": str(PARTITIONS),
                "WORKER_FOLDER": folder,
            }
            for kind, measured in speeds.items():
                measured.append(measure(kind, options.envelopes, env))
    medians = {kind: Speed(*map(statistics.median, zip(*measured, strict=True))) for kind, measured in speeds.items()}
    for kind, speed in medians.items():
        print(
            f"{kind:5}  {speed.wall / EVENTS:7.0f} envelopes/s  {speed.wall:8.0f} events/s"
            f"  {speed.cpu:8.0f} events per cpu-s  {speed.mb:5.0f} MB"
        )
    ratio = Speed(*(one / other for one, other in zip(medians["faust"], medians["bare"], strict=True)))
    print(f"faust/bare: {ratio.wall:.2f} by the clock, {ratio.cpu:.2f} by processor time")


if __name__ == "__main__":
    main()
