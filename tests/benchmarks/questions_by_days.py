"""How long an analyst waits for each question, over ever more days and within an analyst's limits."""

import time
from collections.abc import Iterable
from typing import Any, Final

from deploy.servers.clickhouse.parameters import ANALYST_LIMITS

DAYS: Final = (7, 30, 91)
_CODES: Final = {159: "too long", 241: "too large"}
"""ClickHouse's words for them: TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED."""


def measure_by_days(client: Any, asked: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """Ask *asked*, titles, SQL and its parameters, once for each number of days, and print how long that took."""
    print(f"as an analyst, over days: {''.join(f'{days:>12}' for days in DAYS)}")
    for title, sql, values in asked:
        if "days" in values:
            took = [_answered(client, sql, values | {"days": days}) for days in DAYS]
            print(f"{title:26}{''.join(f'{each:>12}' for each in took)}", flush=True)


def _answered(client: Any, sql: str, values: dict[str, Any]) -> str:
    began = time.perf_counter()
    try:
        client.query(sql, parameters=values, settings=ANALYST_LIMITS)
    except Exception as exc:  # a benchmark's edge: what is not about an analyst's limits ends it
        if (code := getattr(exc, "code", None)) not in _CODES:
            raise
        return _CODES[code]
    return f"{time.perf_counter() - began:.2f} s"
