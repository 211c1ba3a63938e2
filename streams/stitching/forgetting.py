"""Finds states nobody has added to for as long as their shop remembers, a few with each record, to be deleted.

A state so old is never read again (`is_over`), so when it is deleted decides nothing: a replay ends the same.
"""

import time
from collections.abc import Callable
from typing import Final

from schemas.records import EpochMillis
from streams.tables import Table

DAY_MS: Final = 86_400_000
KEYS_AT_ONCE: Final = 20
ROUND_SECONDS: Final = 3_600.0


def is_over(heard: EpochMillis, now: EpochMillis, days: int) -> bool:
    """Tell whether what was last *heard* of then has been forgotten *now*; 0 is never."""
    return 0 < heard < now - days * DAY_MS


class Forgetter:
    """Walks one table in rounds."""

    def __init__(
        self, table: Table, heard_of: Callable[[bytes], EpochMillis], days_of: Callable[[str, str], int]
    ) -> None:
        """Take how a state tells when it was last heard of (0: it must stay), and how many days a shop keeps which."""
        self._table, self._heard_of, self._days_of = table, heard_of, days_of
        self._now: dict[int, EpochMillis] = {}
        self._left: list[bytes] = []
        self._next_round = 0.0

    def due(self, partition: int, received_at: EpochMillis) -> list[bytes]:
        """Look at the next few keys; list those of *partition*, which has come to *received_at*, to delete.

        A day more than the shop says, for records of one partition are not received in order.
        """
        now = self._now[partition] = max(self._now.get(partition, 0), received_at)
        if not self._left and not self._begin_round():
            return []
        looked_at = self._left[-KEYS_AT_ONCE:]
        del self._left[-KEYS_AT_ONCE:]
        return [key for key in looked_at if self._is_due(key, partition, now)]

    def _begin_round(self) -> bool:
        if time.monotonic() < self._next_round:
            return False
        self._next_round = time.monotonic() + ROUND_SECONDS
        self._left = self._table.keys()
        return bool(self._left)

    def _is_due(self, key: bytes, partition: int, now: EpochMillis) -> bool:
        written = self._table.get(key)
        if written is None or self._table.partition_of(key) != partition:
            return False
        shop_id, _, name = key.decode().partition("|")
        return is_over(self._heard_of(written), now - DAY_MS, self._days_of(shop_id, name))
