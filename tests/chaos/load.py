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
    """*events* events in envelopes of 1 to 30, sent over about *seconds*."""

    seed: int
    events: int = 12_000
    seconds: float = 6.0
    expected: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Per key its event ids in order."""

    @property
    def ids(self) -> set[str]:
        """Every id sent."""
        return {each for ids in self.expected.values() for each in ids}

    def envelopes(self) -> Iterator[tuple[int, bytes]]:
        """Yield partition and value of each record, and note what is expected."""
        choose, sent = random.Random(self.seed), 0
        while sent < self.events:
            partition, size = choose.randrange(PARTITIONS), min(choose.randint(1, 30), self.events - sent)
            envelope = []
            for _ in range(size):
                key, event_id = f"{partition}-{choose.randrange(KEYS_PER_PARTITION)}", f"e{sent}"
                self.expected[key].append(event_id)
                envelope.append({"id": event_id, "key": key})
                sent += 1
            yield partition, orjson.dumps(envelope)

    async def send(self, bootstrap_servers: str, topic: str) -> None:
        """Send it all, at an even pace."""
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, linger_ms=5)
        await producer.start()
        try:
            envelopes, loop = list(self.envelopes()), asyncio.get_running_loop()
            begin = loop.time()
            for number, (partition, value) in enumerate(envelopes):
                await producer.send(topic, value, partition=partition)
                await asyncio.sleep(max(0.0, begin + self.seconds * number / len(envelopes) - loop.time()))
            await producer.flush()
        finally:
            await producer.stop()
