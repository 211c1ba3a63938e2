"""The work both loops of `faust_overhead` do, and the loops: `python -m tests.benchmarks.overhead_work faust|bare N`.

Decode an envelope, change each visitor's state, send the changed states and the enriched envelope.
"""

import asyncio
import os
import resource
import sys
import time
from typing import Any, NoReturn

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.outbox import Outbox, Output
from streams.records import Records
from streams.tables import Table
from streams.worker import agent, create_app, run

RECEIVED, ENRICHED, CHANGED = "bench.received", "bench.enriched", "bench.changed"
EVENTS = 50
VISITORS = 10


def an_envelope(number: int) -> bytes:
    """Return 50 events of about 900 bytes, of 10 visitors."""
    events = [
        {
            "event_id": f"{number:08d}-{each:02d}",
            "visitor": f"visitor-{number % 500}-{each % VISITORS}",
            "name": "product_viewed",
            "occurred_at": 1_793_000_000_000 + number,
            "url": "https://shop.example/products/blue-bracelet?utm_source=newsletter&utm_medium=email",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0",
            "items": [{"product_id": "7992983748843", "variant_id": "43751530397931", "price": 42.99, "quantity": 1}]
            * 3,
            "filler": "x" * 300,
        }
        for each in range(EVENTS)
    ]
    return orjson.dumps(events)


def enriched(state_of: Any, value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the envelope to send on and the visitors' new states."""
    events, states = orjson.loads(value), dict[bytes, Any]()
    for event in events:
        key = event["visitor"].encode()
        state = states.get(key)
        if state is None:
            state = states[key] = orjson.loads(state_of(key) or b'{"seen":0,"last":0}')
        state["seen"] += 1
        state["last"] = max(state["last"], event["occurred_at"])
        event["session"] = f"{event['visitor']}-{state['seen'] // 100}"
    return orjson.dumps(events), {key: orjson.dumps(state) for key, state in states.items()}


class Clock:
    """Counts envelopes from the first on and ends the process after the last."""

    def __init__(self, envelopes: int) -> None:
        """Expect so many *envelopes*."""
        self.left = envelopes
        self.wall = self.cpu = 0.0

    def tick(self) -> bool:
        """Count one; True when it was the last."""
        if not self.wall:
            self.wall, self.cpu = time.perf_counter(), time.process_time()
        self.left -= 1
        return not self.left

    def end(self) -> NoReturn:
        """Print the seconds and the memory used, as JSON, and end the process."""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        used = {"wall": time.perf_counter() - self.wall, "cpu": time.process_time() - self.cpu, "mb": memory}
        sys.stdout.write(orjson.dumps(used).decode() + "\n")
        sys.stdout.flush()
        os._exit(0)


def faust_worker(clock: Clock) -> Any:
    """Build the worker."""
    app = create_app("bench")
    outbox = Outbox(app)
    visitors = Table(app, "visitors", outbox)

    @agent(app, RECEIVED)
    async def enrich(records: Records) -> None:
        """Do the work, with Faust."""
        async for record in records:
            envelope, states = enriched(visitors.get, record.value or b"")
            await outbox.emit(ENRICHED, record.partition, [Output(None, envelope)])
            await visitors.put(record.partition, states)
            if clock.tick():
                await outbox.settled()
                clock.end()

    return app


async def bare_loop(clock: Clock) -> None:
    """Do the work with aiokafka alone: the same batches, the same commits, a dict for a table."""
    servers, prefix = os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["STORESTREAM_TOPIC_PREFIX"]
    options: dict[str, Any] = {"linger_ms": 20, "max_batch_size": 131_072, "acks": "all", "compression_type": "lz4"}
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=4_194_304, **options)
    consumer = AIOKafkaConsumer(
        prefix + RECEIVED,
        bootstrap_servers=servers,
        group_id=prefix + "bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=4_194_304,
    )
    await producer.start()
    await consumer.start()
    states: dict[bytes, bytes] = {}
    committed = time.monotonic()
    while True:
        for tp, records in (await consumer.getmany(timeout_ms=1000, max_records=500)).items():
            for record in records:
                envelope, changed = enriched(states.get, record.value)
                states |= changed
                await _send(producer, prefix + ENRICHED, tp.partition, [(None, envelope)])
                await _send(producer, prefix + CHANGED, tp.partition, list(changed.items()))
                if clock.tick():
                    await producer.flush()
                    clock.end()
        if time.monotonic() - committed > 1:
            committed = time.monotonic()
            await producer.flush()
            await consumer.commit()


async def _send(producer: Any, topic: str, partition: int, changes: list[tuple[bytes | None, bytes]]) -> None:
    batch = producer.create_batch()
    for key, value in changes:
        batch.append(timestamp=None, key=key, value=value)
    batch.close()
    await producer.send_batch(batch, topic, partition=partition)


if __name__ == "__main__":
    counting = Clock(int(sys.argv[2]))
    if sys.argv[1] == "faust":
        run(faust_worker(counting))
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(bare_loop(counting))
