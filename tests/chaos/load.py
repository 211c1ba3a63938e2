"""The load of a run: envelopes from a seed, and what must come out of them."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaProducer

PARTITIONS = 4
KEYS_PER_PARTITION = 25


@dataclass
class Load:
    """At least *events* events, *rate* a second, in envelopes of 1 to 30, until it is told to stop."""

    seed: int
    events: int = 12_000
    rate: float = 2_000.0
    expected: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Per key its event ids in order, as far as they were sent."""

    @property
    def ids(self) -> set[str]:
        """Every id sent."""
        return {each for ids in self.expected.values() for each in ids}

    def envelopes(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the number of events before, the partition and the value of each record, and note what is expected."""
        choose, sent = random.Random(self.seed), 0
        while True:
            partition, envelope, before = choose.randrange(PARTITIONS), [], sent
            for _ in range(choose.randint(1, 30)):
                key, event_id = f"{partition}-{choose.randrange(KEYS_PER_PARTITION)}", f"e{sent}"
                self.expected[key].append(event_id)
                envelope.append({"id": event_id, "key": key})
                sent += 1
            yield before, partition, orjson.dumps(envelope)

    async def send(self, bootstrap_servers: str, topic: str, enough: asyncio.Event) -> None:
        """Send at an even pace until it is *enough*."""
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, linger_ms=5)
        await producer.start()
        try:
            loop = asyncio.get_running_loop()
            begin = loop.time()
            for before, partition, value in self.envelopes():
                await producer.send(topic, value, partition=partition)
                if enough.is_set() and before > self.events:
                    break
                await asyncio.sleep(max(0.0, begin + before / self.rate - loop.time()))
            await producer.flush()
        finally:
            await producer.stop()
