"""Holds the experiments of each shop in memory, for whoever assigns on every page: read anew now and then.

When ClickHouse does not answer, what was read last goes on: nobody changes their variant because of an outage.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from analytics.experiments.configuration import Experiment, configured
from connectors.clickhouse.client import connect, errors_translated
from schemas.errors import TransientError
from schemas.settings import ClickHouseSettings

TIMEOUT_SECONDS: Final = 5


class Experiments:
    """Serves every shop; threads may share it."""

    def __init__(self, clickhouse: ClickHouseSettings, *, refresh_seconds: float = 30.0) -> None:
        """Take where ClickHouse is; nothing is opened yet."""
        self._clickhouse, self._refresh_seconds = clickhouse, refresh_seconds
        self._known: dict[str, tuple[float, Mapping[str, Experiment]]] = {}
        self._reading = threading.Lock()

    def of(self, shop: str) -> Mapping[str, Experiment]:
        """Return the experiments of *shop* by their names, as they were at most so long ago.

        Raises:
            TransientError: ClickHouse does not answer, and the shop was never read.
            TerminalError: ClickHouse refuses.
        """
        with self._reading:
            read_at, known = self._known.get(shop, (0.0, None))
            if known is None or time.monotonic() - read_at >= self._refresh_seconds:
                try:
                    known = self._read(shop)
                except TransientError:
                    if known is None:
                        raise
                self._known[shop] = (time.monotonic(), known)
            return known

    def _read(self, shop: str) -> Mapping[str, Experiment]:
        with closing(connect(self._clickhouse, timeout_seconds=TIMEOUT_SECONDS)) as client, errors_translated():
            return {each.name: each for each in configured(client, shop)}
