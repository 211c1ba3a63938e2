"""Numbers the owners of a changelog partition, so that the late write of a former owner is known as such.

A worker that stood still (a frozen machine, a long pause) finds its partitions given away, and may have sent a few
states of its own until it learns so. Kafka takes them, and the log then ends with older states than the new owner's.
Faust has nothing against it; Kafka's own remedy, fencing by transactional producers, does not hold in Faust (#323).

So every owner writes its number, higher than any before, in a header, and whoever reads a changelog ignores records
that stand behind a higher number, and writes their keys once more.
"""

import time
from collections.abc import Iterable
from typing import Any, Final

HEADER: Final = "epoch"


def header(epoch: int) -> tuple[str, bytes]:
    """Return the header a changelog record carries."""
    return HEADER, epoch.to_bytes(8, "big")


def number_of(headers: Iterable[tuple[str, bytes]]) -> int:
    """Return the owner's number in *headers*; 0 when there is none."""
    return next((int.from_bytes(value, "big") for name, value in headers if name == HEADER), 0)


class Reading:
    """The reading of one changelog partition, from the owner's number *newest* on."""

    def __init__(self, newest: int = 0) -> None:
        """Begin where an owner numbered *newest* had written last."""
        self.newest = newest
        self.late: set[bytes] = set()
        """Keys of which a late write was ignored."""

    def valid(self, records: Iterable[Any]) -> list[Any]:
        """Return *records* without those of former owners."""
        kept = []
        for record in records:
            number = number_of(record.headers)
            if number < self.newest:
                self.late.add(record.key)
            else:
                self.newest = number
                kept.append(record)
        return kept

    def next_epoch(self) -> int:
        """Return the number of the next owner: its time, in ms, so that two which never met differ too."""
        return max(self.newest + 1, time.time_ns() // 1_000_000)
