"""How much of Meta's limits is used, and how a caller slows down before it is told to stop; pure.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from connectors.meta.usage import pause_seconds

EASY_PERCENT: Final = 40.0
"""Up to here nothing is slower."""
FULL_PERCENT: Final = 100.0
LONGEST_WINDOW_SECONDS: Final = 120.0

_PERCENTS: Final = ("call_count", "total_cputime", "total_time")


class Usage(NamedTuple):
    """What the headers of one answer say. *percent*: of the limit that is used most; None when they are silent."""

    percent: float | None = None
    pause_seconds: float = 0.0


def usage_of(headers: Mapping[str, str]) -> Usage:
    """Read the usage headers of an answer that was no error."""
    percents = [*_percents(headers.get("x-business-use-case-usage")), *_percents(headers.get("x-app-usage"))]
    return Usage(max(percents, default=None), pause_seconds(headers, throttled=False))


def window_seconds(shortest: float, percent: float | None) -> float:
    """Return how long changes are gathered into one request: *shortest*, and up to two minutes as *percent* grows."""
    if percent is None or percent <= EASY_PERCENT:
        return shortest
    longest = max(shortest, LONGEST_WINDOW_SECONDS)
    share = min(1.0, (percent - EASY_PERCENT) / (FULL_PERCENT - EASY_PERCENT))
    return float(max(shortest, 0.1) ** (1 - share) * longest**share)


def _percents(text: str | None) -> Iterator[float]:
    """Yield the percents of a header, with and without the level of businesses that one of them has."""
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return
    uses: list[Any] = [found] if isinstance(found, dict) else []
    for listed in found.values() if isinstance(found, dict) else ():
        uses += listed if isinstance(listed, list) else []
    for use in uses:
        for name in _PERCENTS:
            value = use.get(name) if isinstance(use, dict) else None
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield float(value)
