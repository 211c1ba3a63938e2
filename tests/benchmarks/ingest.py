"""Ingest beside a bare Starlette handler: requests and events a second, and events per second of the server's CPU.

    python -m tests.benchmarks.ingest

The servers run in processes of their own; this one is the load. The bare handler reads the body, parses it as JSON
and answers. `door` is everything but Kafka, `process` the real process on a real Kafka.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
import orjson
import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.kafka import shops
from deploy.ports import free_port
from schemas.codec import Codec
from tests import servers
from tests.builders import a_shop
from tests.doors import FakeSink, a_door, a_pixel_event
from tests.integration.kafka_topics import make_topics, own_kafka

SECONDS = 3.0
ROUNDS = 3
CONNECTIONS = 64
BATCH = 50


class Load(NamedTuple):
    """What is sent: a name, the events in one body, the bytes of the whole request."""

    name: str
    events: int
    request: bytes


class Figures(NamedTuple):
    """One measurement. *events_per_cpu_second* counts the server's own CPU time only."""

    requests_per_second: float
    events_per_second: float
    events_per_cpu_second: float


class ForgetfulSink(FakeSink):
    """Has everything at once and keeps nothing."""

    async def take(self, events: object, rejected: object) -> None:
        """Take and forget."""


async def _bare(request: Request) -> Response:
    orjson.loads(await request.body())
    return Response(b'{"accepted":1,"rejected":[]}', 202, media_type="application/json")


def serve(which: str, port: int) -> None:
    """Run the server *which* until it is killed."""
    bare = Starlette(routes=[Route("/v1/pixel/{write_key}", _bare, methods=["POST"])])
    app = bare if which == "bare" else a_door(ForgetfulSink())
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


def loads() -> list[Load]:
    """Single posts, and batches of BATCH events."""
    found = []
    for name, events in (("single", 1), (f"batch of {BATCH}", BATCH)):
        listed = [a_pixel_event(id=f"e{number}", clientId=f"client-{number}") for number in range(events)]
        body = json.dumps(listed[0] if events == 1 else listed).encode()
        head = (
            "POST /v1/pixel/wk_demo HTTP/1.1\r\nHost: door\r\nContent-Type: text/plain\r\n"
            f"User-Agent: bench\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append(Load(name, events, head.encode() + body))
    return found


async def _post_until(port: int, load: Load, deadline: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    while time.perf_counter() < deadline:
        writer.write(load.request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        answered += 1
    writer.close()
    return answered


async def measure(process: psutil.Process, port: int, load: Load, connections: int) -> Figures:
    """Post *load* over all connections for SECONDS."""
    before, began = sum(process.cpu_times()[:2]), time.perf_counter()
    answered = sum(await asyncio.gather(*(_post_until(port, load, began + SECONDS) for _ in range(connections))))
    spent, lasted = sum(process.cpu_times()[:2]) - before, time.perf_counter() - began
    events = answered * load.events
    return Figures(answered / lasted, events / lasted, events / spent)


async def median_of_rounds(process: psutil.Process, port: int, load: Load) -> Figures:
    """Warm up, measure ROUNDS times, and take each figure's median."""
    connections = CONNECTIONS if load.events == 1 else CONNECTIONS // 8
    rounds = [await measure(process, port, load, connections) for _ in range(ROUNDS + 1)][1:]
    return Figures(*(median(column) for column in zip(*rounds, strict=True)))


@asynccontextmanager
async def running(*arguments: str, port: int, environment: dict[str, str]) -> AsyncIterator[psutil.Process]:
    """Run a Python module as the server until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env=os.environ | environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await _until_ready(client)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _until_ready(client: httpx.AsyncClient) -> None:
    for _ in range(300):
        try:
            if (await client.get("/readyz")).status_code in (200, 404):
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the server does not come up")


async def measured(*arguments: str, port: int, environment: dict[str, str]) -> dict[str, Figures]:
    """Measure every load against one server."""
    async with running(*arguments, port=port, environment=environment) as process:
        return {load.name: await median_of_rounds(process, port, load) for load in loads()}


async def compare(bootstrap: str) -> dict[str, dict[str, Figures]]:
    """Measure the bare handler, the door, and the process on Kafka."""
    found = {}
    for which in ("bare", "door"):
        port = free_port()
        found[which] = await measured("tests.benchmarks.ingest", which, str(port), port=port, environment={})
    kafka, port = own_kafka(bootstrap), free_port()
    await make_topics(kafka)
    await shops.publish(kafka, Codec.from_lock(), [a_shop()])
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "STORESTREAM_PARTITIONS": str(kafka.partitions),
        "STORESTREAM_TOPIC_PREFIX": kafka.prefix,
        "INGEST_PORT": str(port),
    }
    found["process"] = await measured("deploy.processes.ingest", port=port, environment=environment)
    return found


def lines(found: dict[str, dict[str, Figures]]) -> Iterator[str]:
    """Write the figures, each with its ratio to the bare handler's."""
    yield f"{'ingest':<10}{'load':<13}{'requests/s':>12}{'events/s':>12}{'events/CPU s':>14}{'of bare':>9}"
    for which, by_load in found.items():
        for load, figures in by_load.items():
            ratio = figures.events_per_cpu_second / found["bare"][load].events_per_cpu_second
            rates = f"{figures.requests_per_second:>12,.0f}{figures.events_per_second:>12,.0f}"
            yield f"{which:<10}{load:<13}{rates}{figures.events_per_cpu_second:>14,.0f}{ratio:>9.2f}"


@contextmanager
def a_kafka() -> Iterator[str]:
    """A Kafka for the length of the block."""
    with tempfile.TemporaryDirectory() as folder, servers.kafka(Path(folder)) as bootstrap:
        yield bootstrap


def main() -> None:
    """Print the figures."""
    with a_kafka() as bootstrap:
        print("\n".join(lines(asyncio.run(compare(bootstrap)))))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve(sys.argv[1], int(sys.argv[2]))
    else:
        main()
