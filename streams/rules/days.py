"""Tells which day a time falls on where the shop is."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from schemas.records import EpochMillis


def local_day(time: EpochMillis, time_zone: str) -> int:
    """Number the day that *time* falls on in *time_zone*."""
    return date.toordinal(datetime.fromtimestamp(time / 1000, _zone(time_zone)))


_zone: Final[Callable[[str], ZoneInfo]] = lru_cache(maxsize=None)(ZoneInfo)
