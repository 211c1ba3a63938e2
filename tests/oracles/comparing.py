"""Answers of ClickHouse beside those of plain Python: what is rounded there is compared as closely as it says."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Make floats of decimals, lists of arrays, and leave what is zero out of maps."""

    def value_of(value: Any) -> Any:
        if isinstance(value, tuple):
            return list(value)
        return float(value) if isinstance(value, Decimal) else value

    return {
        name: {key: value_of(each) for key, each in value.items() if each}
        if isinstance(value, dict)
        else value_of(value)
        for name, value in row.items()
    }


def near(row: dict[str, Any]) -> dict[str, Any]:
    """Compare numbers as closely as the answers are rounded."""

    def about(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: pytest.approx(each, abs=0.001) for key, each in value.items() if each}
        if not isinstance(value, float) or isinstance(value, date):
            return value
        # Seconds, days and averages are rounded to one digit, money and orders to two, shares to four.
        one = name.endswith(("seconds", "on_average", "last_order"))
        two = name.startswith(("orders_", "revenue_", "net_per_", "in_", "average_", "visits_per_"))
        return pytest.approx(value, abs=0.0501 if one else 0.00501 if two else 0.0000501)

    return {name: about(name, value) for name, value in row.items()}
