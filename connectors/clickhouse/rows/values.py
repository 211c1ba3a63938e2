"""One value of a record becomes one value of a row, as JSON that ClickHouse reads exactly.

Times go as seconds with a fraction, which `DateTime64(3)` reads to the millisecond; amounts as the shortest text that
is the float, which `Decimal` reads digit by digit; what is not known is empty, nil, or NULL where nothing is a value.
"""

from math import isfinite
from typing import Any, Final

Row = list[Any]
"""Values in the order of the table's COLUMNS."""

NIL: Final = "00000000-0000-0000-0000-000000000000"
"""What a UUID column holds where there is none."""


def amount(value: float | None) -> float | None:
    """Round to the four digits that `Decimal(18, 4)` keeps, for ClickHouse would cut them off."""
    return None if value is None or not isfinite(value) else round(value, 4)


def amounts(values: dict[str, float]) -> dict[str, float]:
    """Round each of *values*; what is no number is left out."""
    return {name: round(value, 4) for name, value in values.items() if isfinite(value)}


def when(millis: int | None) -> float | None:
    """Say milliseconds since 1970 as seconds."""
    return None if millis is None else millis / 1000


def path_of(url: str | None) -> str:
    """Cut the path out of *url*: no host, no query. `urlsplit` does it too, ten times slower."""
    if not url:
        return ""
    start = url.find("//")
    path = url[url.find("/", start + 2) :] if start >= 0 and "/" in url[start + 2 :] else ("" if start >= 0 else url)
    return path.partition("?")[0].partition("#")[0]
