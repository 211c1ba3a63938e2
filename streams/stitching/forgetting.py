"""Finds states nobody has added to for as long as their shop remembers, a few with each record, to be deleted.

A state so old is never read again (`is_over`), so when it is deleted decides nothing: a replay ends the same. Likewise
the contact data in a state nobody has added to for a week.
"""

import time
from collections.abc import Callable
from typing import Final

from schemas.records import EpochMillis
from streams.rules.contacts import CONTACT_DAYS
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
        self,
        table: Table,
        heard_of: Callable[[bytes], EpochMillis],
        days_of: Callable[[str, str], int],
        without_contact: Callable[[bytes], bytes | None] = lambda _: None,
    ) -> None:
        """Take how a state tells when it was last heard of (0: it must stay), how many days a shop keeps which, and how
        a state is written without its contact data (None: it has none).
        """
        self._table, self._heard_of, self._days_of = table, heard_of, days_of
        self._without_contact = without_contact
        self._now: dict[int, EpochMillis] = {}
        self._left: list[bytes] = []
        self._next_round = 0.0

    def due(self, partition: int, received_at: EpochMillis) -> dict[bytes, bytes | None]:
        """Look at the next few keys; tell what to keep of those of *partition*, which has come to *received_at*.

        None is nothing. A day more than the shop says, for records of one partition are not received in order.
        """
        now = self._now[partition] = max(self._now.get(partition, 0), received_at)
        if not self._left and not self._begin_round():
            return {}
        looked_at = self._left[-KEYS_AT_ONCE:]
        del self._left[-KEYS_AT_ONCE:]
        return {key: kept for key in looked_at for kept in self._instead(key, partition, now - DAY_MS)}

    def _begin_round(self) -> bool:
        if time.monotonic() < self._next_round:
            return False
        self._next_round = time.monotonic() + ROUND_SECONDS
        self._left = self._table.keys()
        return bool(self._left)

    def _instead(self, key: bytes, partition: int, now: EpochMillis) -> list[bytes | None]:
        """Tell what to keep instead of what is kept under *key*; an empty list: it stays."""
        written = self._table.get(key)
        if written is None or self._table.partition_of(key) != partition:
            return []
        shop_id, _, name = key.decode().partition("|")
        heard = self._heard_of(written)
        if is_over(heard, now, self._days_of(shop_id, name)):
            return [None]
        less = self._without_contact(written) if is_over(heard, now, CONTACT_DAYS) else None
        return [] if less is None else [less]
