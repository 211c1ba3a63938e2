"""What came out of a run, compared id by id with what went in."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.chaos.load import PARTITIONS, Load


class Verdict(NamedTuple):
    """How a run ended. All but *doubled* and *failed* must be 0."""

    lost: int = 0
    """Ids that never came out."""
    wrong: int = 0
    """Keys whose ids in the table, in order, are not those sent; or outputs that contradict each other."""
    behind: int = 0
    """Records not committed long after the load."""
    early: int = 0
    """Records committed before they were written (sink)."""
    unclean: int = 0
    """Workers that did not end with 0 on SIGTERM."""
    doubled: int = 0
    """Outputs that came more than once."""
    failed: int = 0
    """Workers that ended by themselves."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost, wrong or stuck."""
        return not (self.lost or self.wrong or self.behind or self.early or self.unclean)


async def read_all(bootstrap_servers: str, topic: str) -> list[ConsumerRecord]:
    """Read *topic* from beginning to end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    found: list[ConsumerRecord] = []
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
    finally:
        await consumer.stop()
    return found


def of_counting(load: Load, outputs: Iterable[ConsumerRecord], changelog: Iterable[ConsumerRecord]) -> Verdict:
    """Compare the outputs and the table of the `count` worker with *load*."""
    numbers: dict[str, set[int]] = {}
    seen: Counter[str] = Counter()
    for record in outputs:
        said = orjson.loads(record.value)
        seen[said["id"]] += 1
        numbers.setdefault(said["id"], set()).add(said["n"])
    tables = {record.key.decode(): orjson.loads(record.value)["ids"] for record in changelog}
    wrong = sum(tables.get(key) != ids for key, ids in load.expected.items())
    wrong += sum(len(said) > 1 or said == {None} for said in numbers.values())
    return Verdict(lost=len(load.ids - seen.keys()), wrong=wrong, doubled=sum(seen.values()) - len(seen))


def of_sink(load: Load, folder: Path) -> Verdict:
    """Compare the files of the `sink` worker with *load*."""
    seen = Counter(line.split()[2] for line in lines(folder))
    return Verdict(lost=len(load.ids - seen.keys()), doubled=sum(seen.values()) - len(seen))


def lines(folder: Path) -> list[str]:
    """Return the lines all sinks have written completely: `partition offset id`."""
    texts = [path.read_text().rpartition("\n")[0] for path in folder.glob("sink-*.txt")]
    return [line for text in texts for line in text.splitlines()]


def committed_early(folder: Path, committed: dict[int, int]) -> int:
    """Count records below the *committed* offsets (read before) that no sink has written."""
    written = {tuple(map(int, line.split()[:2])) for line in lines(folder)}
    return sum((partition, n) not in written for partition, end in committed.items() for n in range(end))
