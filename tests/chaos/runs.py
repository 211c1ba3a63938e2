"""One run: topics, workers, load, a scenario, and the verdict."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from tests.chaos import verdicts
from tests.chaos.crew import Crew
from tests.chaos.load import PARTITIONS, Load
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.verdicts import Verdict
from tests.chaos.workers import COUNTED, RECEIVED

DRAIN_SECONDS = 45.0
SESSION_SECONDS = 6


@dataclass
class Run:
    """*scenario* against workers of *kind*; *stock* leaves Faust as it is."""

    bootstrap_servers: str
    kind: str
    scenario: str
    seed: int
    folder: Path
    stock: bool = False
    early: int = 0

    @property
    def prefix(self) -> str:
        """What this run's topics and group begin with."""
        return f"{self.folder.name}-"

    @property
    def changelog(self) -> str:
        """The topic behind the table of `count`."""
        return f"{self.prefix}count-keys-changelog"

    async def play(self, load: Load) -> Verdict:
        """Do it all, and leave nothing running."""
        chance = random.Random(self.seed)
        async with self.topics():
            crew = Crew(self.kind, self.folder, self.env(), self.members, ["--stock"] if self.stock else [])
            watching = [asyncio.create_task(each) for each in (crew.supervise(), self._watch_commits())]
            try:
                enough = asyncio.Event()
                sending = asyncio.create_task(load.send(self.bootstrap_servers, self.prefix + RECEIVED, enough))
                await SCENARIOS[self.scenario](crew, chance)
                enough.set()
                await sending
                behind = await self.drained()
                await crew.stop_all()
            finally:
                for task in watching:
                    task.cancel()
                crew.kill_all()
            verdict = await self.compare(load)
        return verdict._replace(behind=behind, early=self.early, unclean=len(crew.unclean), failed=crew.failed)

    @asynccontextmanager
    async def topics(self) -> AsyncIterator[None]:
        """Have this run's topics while it lasts."""
        names = [self.prefix + RECEIVED, self.prefix + COUNTED]
        async with _admin(self.bootstrap_servers) as admin:
            await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        yield
        async with _admin(self.bootstrap_servers) as admin:
            await admin.delete_topics([*names, *([self.changelog] if self.kind == "count" else [])])

    def env(self) -> dict[str, str]:
        """What a worker of this run finds in its environment."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STORESTREAM_PARTITIONS": str(PARTITIONS),
            "STORESTREAM_TOPIC_PREFIX": self.prefix,
            "WORKER_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "WORKER_FOLDER": str(self.folder / "workers"),
        }

    async def compare(self, load: Load) -> Verdict:
        """Compare what came out with *load*."""
        if self.kind == "sink":
            self.early = max(self.early, verdicts.committed_early(self.folder, await self._committed()))
            return verdicts.of_sink(load, self.folder)
        outputs = await verdicts.read_all(self.bootstrap_servers, self.prefix + COUNTED)
        changelog = await verdicts.read_all(self.bootstrap_servers, self.changelog)
        return verdicts.of_counting(load, outputs, changelog)

    async def members(self) -> int:
        """Count the members of the group; 0 while it rebalances."""
        try:
            async with _admin(self.bootstrap_servers) as admin:
                (response,) = await admin.describe_consumer_groups([self.prefix + self.kind])
        except KafkaError:
            return 0  # a broker's first group has no coordinator for a moment
        _, _, state, _, _, members, *_ = response.groups[0]
        return len(members) if state == "Stable" else 0

    async def _committed(self) -> dict[int, int]:
        async with _admin(self.bootstrap_servers) as admin:
            offsets = await admin.list_consumer_group_offsets(self.prefix + self.kind)
        topic = self.prefix + RECEIVED
        return {tp.partition: kept.offset for tp, kept in offsets.items() if tp.topic == topic and kept.offset >= 0}

    async def drained(self) -> int:
        """Wait until all is committed; return how many records are not."""
        partitions = [TopicPartition(self.prefix + RECEIVED, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers)
        await consumer.start()
        ends = await consumer.end_offsets(partitions)
        await consumer.stop()
        deadline = time.monotonic() + DRAIN_SECONDS
        while True:
            committed = await self._committed()
            behind = sum(int(end) - committed.get(tp.partition, 0) for tp, end in ends.items())
            if not behind or time.monotonic() > deadline:
                return behind
            await asyncio.sleep(0.3)

    async def _watch_commits(self) -> None:
        while self.kind == "sink":
            await asyncio.sleep(0.5)
            with contextlib.suppress(KafkaError):  # the same
                committed = await self._committed()
                self.early = max(self.early, verdicts.committed_early(self.folder, committed))


@asynccontextmanager
async def _admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
