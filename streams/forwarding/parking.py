"""What stands on `conversions.parked`: written by the worker's producer, read back when a partition comes.

The partition is that of `events.enriched` it is about. The latest record of a key counts, unless a process wrote it
that had lost the partition already.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import structlog

from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Parked
from schemas.topics import CONVERSIONS_PARKED
from streams.outbox import Outbox, Output

LANE: Final = "lane"
REPLAY: Final = "replay"
HELD: Final = "held"
ASKED: Final = "asked"

log = structlog.get_logger()


def key_of(parked: Parked) -> bytes:
    """Name what is parked: one lane for a destination, one hold or question for each event, any number of replays."""
    what = parked["kind"]
    if parked["kind"] in (HELD, ASKED) and parked["event"] is not None:
        what = f"{parked['kind']}|{parked['event']['event']['event_id']}"
    if parked["kind"] == REPLAY:
        what = f"{REPLAY}|{parked['parked_at']}"
    return f"{parked['shop_id']}|{parked['destination']}|{what}".encode()


class Standing:
    """What is parked in one partition, as told by its records in order."""

    def __init__(self) -> None:
        """Start empty."""
        self._latest: dict[bytes, Parked] = {}

    def apply(self, key: bytes, parked: Parked | None) -> None:
        """Take one record; None is a tombstone."""
        if parked is None:
            self._latest.pop(key, None)
        elif key not in self._latest or self._latest[key]["generation"] <= parked["generation"]:
            self._latest[key] = parked

    def all(self) -> list[Parked]:
        """List what stands."""
        return list(self._latest.values())


def decoded(codec: Codec, value: bytes | None) -> Parked | None:
    """Decode one record's *value*; None for a tombstone and for what is nothing of ours, which is logged."""
    if value is None:
        return None
    try:
        parked: Parked = codec.decode_as("Parked", value)
        return parked
    except TerminalError as exc:
        log.error("parked record undecodable", reason=exc.reason)
        return None


class Parking:
    """Writes to `conversions.parked`."""

    def __init__(self, codec: Codec, outbox: Outbox) -> None:
        """Take the worker's own way out, so that it is durable before what it is about is committed."""
        self._codec, self._outbox = codec, outbox

    async def write(self, partition: int, parked: Iterable[Parked]) -> None:
        """Park, or say anew where it stands."""
        outputs = [Output(key_of(each), self._codec.encode("Parked", each)) for each in parked]
        if outputs:
            await self._outbox.emit(CONVERSIONS_PARKED.name, partition, outputs)

    async def write_all(self, parked: Iterable[tuple[int, Parked]]) -> None:
        """Park much, each in its partition; what is of one goes together."""
        by_partition: dict[int, list[Parked]] = defaultdict(list)
        for partition, each in parked:
            by_partition[partition].append(each)
        for partition, together in by_partition.items():
            await self.write(partition, together)

    async def forget(self, partition: int, *parked: Parked) -> None:
        """Let go of what is done."""
        await self._outbox.emit(CONVERSIONS_PARKED.name, partition, [Output(key_of(each), None) for each in parked])

    async def settled(self) -> None:
        """Wait until Kafka has everything emitted so far: receipts come before the word that they are there."""
        await self._outbox.settled()
