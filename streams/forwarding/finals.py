"""Which events of a partition have their final receipt already, so that none is sent again.

After a restart, and whenever partitions are dealt out anew, the end of the partition's receipts is read from Kafka:
all of those whose event is not committed yet, and the latest besides, for stitch may say an event twice.
"""

import time
from hashlib import blake2b
from typing import Final

from connectors.kafka.tails import Tail, TailRecord, read_tail
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.settings import KafkaSettings
from schemas.topics import CONVERSIONS_DELIVERED
from streams.records import Record

RECENT_RECEIPTS: Final = 50_000
"""Receipts remembered per partition, about 7 MB."""
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


def _offset_of(codec: Codec, record: TailRecord) -> int:
    try:
        return int(codec.decode(record.value)["source_offset"])
    except (TerminalError, KeyError):
        return -1
