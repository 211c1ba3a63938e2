"""How long Meta's headers ask a caller to rest; pure.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

FULL_PERCENT: Final = 100
# Documented nowhere: how long to rest when a limit is met and no header says how long.
UNTOLD_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 3600.0


def pause_seconds(headers: Mapping[str, str], *, throttled: bool) -> float:
    """Return the seconds to make no call: what the headers say; if *throttled* and they say nothing, a minute.

    `Retry-After` is not documented by Meta, but a proxy on the way may send it.
    """
    told = [*_regain_seconds(headers), *_retry_after(headers)]
    if told:
        return min(max(told), LONGEST_SECONDS)
    return UNTOLD_SECONDS if throttled or _is_full(headers) else 0.0


def _regain_seconds(headers: Mapping[str, str]) -> Iterator[float]:
    """Yield what `X-Business-Use-Case-Usage` tells per business and use case: minutes, 0 while calls are taken."""
    for uses in _object(headers.get("x-business-use-case-usage")).values():
        for use in uses if isinstance(uses, list) else ():
            minutes = use.get("estimated_time_to_regain_access") if isinstance(use, dict) else None
            if isinstance(minutes, int | float) and minutes > 0:
                yield minutes * 60.0


def _retry_after(headers: Mapping[str, str]) -> Iterator[float]:
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit() and float(text) > 0:  # at once says nothing: the limit is met
        yield float(text)


def _is_full(headers: Mapping[str, str]) -> bool:
    usage = _object(headers.get("x-app-usage"))
    return any(isinstance(each, int | float) and each >= FULL_PERCENT for each in usage.values())


def _object(text: str | None) -> dict[str, Any]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
