"""Migrations, the questions as SQL files, and the ways to ask them.

import analytics

analytics.query("retention", shop="demo", every="month").to_pandas()
"""

from typing import Any

__all__ = ["query"]


def query(name: str, **parameters: object) -> Any:
    """Ask the question *name* of the ClickHouse that CLICKHOUSE_URL names. Returns and raises as `tables.query`."""
    from analytics.tables import query as ask  # imported when asked: workers import this package without Arrow

    return ask(name, None, **parameters)
