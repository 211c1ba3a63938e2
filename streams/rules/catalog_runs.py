"""When a catalog is looked through whole, and what such a run may delete; pure."""

from hashlib import blake2b
from typing import Final

from schemas.catalog_records import SyncJob
from schemas.records import EpochMillis

DAY_MS: Final = 86_400_000
FAILED_MS: Final = 3_600_000
"""A run that failed is tried again after so long."""
ASKED: Final = ("command", "api")


def next_run(key: str, days: int, after: EpochMillis) -> EpochMillis | None:
    """Return when the schedule brings the next full run of the catalog *key* (`shop|name`); None: never by itself.

    Every catalog has its own minute in the period, so that not all of them run at once.
    """
    if days <= 0:
        return None
    period = days * DAY_MS
    offset = int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) % period
    return (after - offset) // period * period + period + offset


def is_due(key: str, days: int, last: SyncJob | None, now: EpochMillis) -> bool:
    """Tell whether the schedule wants a full run at *now*; *last* is the latest, whatever became of it."""
    if last is None:
        return True
    if last["state"] == "running":
        return False
    if days > 0 and last["state"] == "failed" and now >= last["updated_at"] + FAILED_MS:
        return True
    due = next_run(key, days, last["started_at"])
    return due is not None and now >= due


def may_delete_orphans(trigger: str, wanted: int, last_total: int) -> bool:
    """Tell whether a run may delete what is at Meta and stands for no product.

    *wanted* items are of this run, *last_total* of the one before. A first run leaves them: they may be somebody's.
    A shop that suddenly has none, or less than half, rather has a topic that was not read: then only by command.
    """
    if trigger == "first":
        return False
    return trigger in ASKED or (wanted > 0 and 2 * wanted >= last_total)
