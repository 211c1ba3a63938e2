"""Which events of a partition have their final receipt already, so that none is sent again.

After a restart, and whenever partitions are dealt out anew, the end of the partition's receipts is read from Kafka:
all of those whose event is not committed yet, and the latest besides, for stitch may say an event twice.
"""

import time
from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from typing import Final

from connectors.kafka.tails import Tail, TailRecord, read_tail
from connectors.meta.validation import FOR_GOOD
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Parked, Receipt
from schemas.settings import KafkaSettings
from schemas.topics import CONVERSIONS_DELIVERED
from streams.records import Record

RECENT_RECEIPTS: Final = 50_000
"""Receipts remembered per partition, about 7 MB."""
LANE_RECEIPTS: Final = 10_000
"""The same of a lane."""
RECENT_MS: Final = 48 * 3_600_000
"""Meta itself forgets an event's id after 48 hours."""
CLOCK_MS: Final = 600_000
"""How far the clocks of two processes that write to Kafka may be apart."""


class Finals:
    """The events of one partition that need not be sent any more."""

    def __init__(self, recent: int = RECENT_RECEIPTS) -> None:
        """Start empty; keep the last *recent*, and all that are needed."""
        self._limit = recent
        self._recent: dict[bytes, None] = {}
        self._needed: set[bytes] = set()

    def add(self, key: bytes) -> None:
        """Remember the receipt of *key*; the oldest is forgotten when there are too many."""
        self._recent[_digest(key)] = None
        if len(self._recent) > self._limit:
            del self._recent[next(iter(self._recent))]

    def add_needed(self, key: bytes) -> None:
        """Remember the receipt of *key* for good: its event is not committed and will come again."""
        self._needed.add(_digest(key))

    def discard(self, key: bytes) -> None:
        """Forget a needed one."""
        self._needed.discard(_digest(key))

    def __contains__(self, key: bytes) -> bool:
        digest = _digest(key)
        return digest in self._recent or digest in self._needed

    def __len__(self) -> int:
        return len(self._recent) + len(self._needed)


def _digest(key: bytes) -> bytes:
    return blake2b(key, digest_size=12).digest()


async def read_finals(kafka: KafkaSettings, codec: Codec, first: Record) -> Finals:
    """Read the receipts that concern the events from *first*, the first record not committed, on."""
    written_at = int(first.timestamp * 1000)
    topic = kafka.prefix + CONVERSIONS_DELIVERED.name
    recent_since = int(time.time() * 1000) - RECENT_MS
    tail = Tail(topic, first.partition, written_at - CLOCK_MS, RECENT_RECEIPTS, recent_since)
    finals = Finals()
    async for record in read_tail(kafka.bootstrap_servers, tail):
        if record.key is None:
            continue
        if _offset_of(codec, record) >= first.offset:
            finals.add_needed(record.key)
        elif record.recent:
            finals.add(record.key)
    return finals


async def read_settled(kafka: KafkaSettings, codec: Codec, partition: int, parked: Parked) -> Finals:
    """Read which events of a lane have their receipt already: its destination's, from its offset on and the latest."""
    finals = Finals(LANE_RECEIPTS)
    async for key, receipt in _receipts(kafka, codec, partition, parked):
        if receipt["source_offset"] >= parked["offset"]:
            finals.add_needed(key)
        else:
            finals.add(key)
    return finals


async def read_replayable(kafka: KafkaSettings, codec: Codec, partition: int, parked: Parked) -> Finals:
    """Read which events a replay is about: of its stretch, last refused or skipped, before it was asked for."""
    found = Finals()
    async for key, receipt in _receipts(kafka, codec, partition, parked):
        if is_replayable(receipt, parked):
            found.add_needed(key)
        else:
            found.discard(key)
    return found


def is_replayable(receipt: Receipt, parked: Parked) -> bool:
    """Tell whether the replay *parked* is about the event of *receipt*, its latest; never one with a visitor's no."""
    until = parked["until"]
    asked = not parked["reasons"] or receipt["reason"] in parked["reasons"]
    inside = parked["offset"] <= receipt["source_offset"] and (until is None or receipt["source_offset"] < until)
    undecided = receipt["status"] != "accepted" and receipt["reason"] not in FOR_GOOD
    return asked and inside and undecided and receipt["sent_at"] < parked["parked_at"]


async def _receipts(
    kafka: KafkaSettings, codec: Codec, partition: int, parked: Parked
) -> AsyncIterator[tuple[bytes, Receipt]]:
    """Yield the receipts of the destination of *parked* that were written since its first record was."""
    begin, end = f"{parked['shop_id']}|".encode(), f"|{parked['destination']}".encode()
    tail = Tail(kafka.prefix + CONVERSIONS_DELIVERED.name, partition, parked["since"] - CLOCK_MS, 0, 0)
    async for record in read_tail(kafka.bootstrap_servers, tail):
        if record.key is None or not record.key.startswith(begin) or not record.key.endswith(end):
            continue
        try:
            receipt: Receipt = codec.decode_as("Receipt", record.value)
        except TerminalError:
            continue
        yield record.key, receipt


def _offset_of(codec: Codec, record: TailRecord) -> int:
    try:
        return int(codec.decode_as("Receipt", record.value)["source_offset"])
    except TerminalError:
        return -1


async def read_keys(kafka: KafkaSettings, partition: int, due: Mapping[bytes, int]) -> set[bytes]:
    """Find which of the keys *due*, each with the time (ms) before which it has no receipt, have one."""
    if not due:
        return set()
    tail = Tail(kafka.prefix + CONVERSIONS_DELIVERED.name, partition, min(due.values()) - CLOCK_MS, 0, 0)
    return {record.key async for record in read_tail(kafka.bootstrap_servers, tail) if record.key and record.key in due}
