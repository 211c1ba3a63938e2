"""Builds recommendations: events and orders in ClickHouse go in, a new generation of each model comes out.

Run it with `storestream recommendations build --shop SHOP`. ClickHouse counts everything. Readers see the old
generation until one insert switches all models over; the generation before it stays for who is reading still.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import Any, Final, NamedTuple

from analytics.recommending.ease import Weighed, weigh
from analytics.recommending.models import BASKETS, COUNTED, MODELS, Model, Source
from connectors.clickhouse.client import connect, errors_translated
from schemas.settings import ClickHouseSettings

STATEMENTS: Final = Path(__file__).parent / "statements"
BUILD_SECONDS: Final = 600.0
_ROWS_AT_ONCE: Final = 100_000

# A build may be slow, but it must not take the memory of those who ask: the rest goes to disk.
_BOUNDS: Final = {"max_bytes_before_external_group_by": 2_000_000_000, "max_bytes_before_external_sort": 2_000_000_000}


class Built(NamedTuple):
    """One model, or one kind of basket, of a generation."""

    model: str
    generation: int
    until: datetime
    rows: int
    seconds: float


def build(
    clickhouse: ClickHouseSettings,
    shop: str,
    models: Sequence[Model] = MODELS,
    *,
    until: datetime | None = None,
    whole_history: bool = False,
) -> list[Built]:
    """Build *models* of *shop* from what happened before *until* (now), and switch readers over to them.

    *whole_history* reads everything instead of each model's last days.

    Raises:
        TransientError: ClickHouse does not answer; what was in use stays in use.
        TerminalError: ClickHouse refuses.
    """
    with closing(connect(clickhouse, timeout_seconds=BUILD_SECONDS)) as client, errors_translated():
        work = _Build(client, shop, until or datetime.now(UTC), whole_history=whole_history)
        for source in _sources(models):
            work.count_baskets(source)
        for model in models:
            if model in COUNTED:
                work.count(model)
            elif model == "ease":
                work.weigh()
        work.switch()
        _drop_old(client, shop)
        return work.built


def statement(name: str) -> str:
    """Read one of the statements."""
    return (STATEMENTS / f"{name}.sql").read_text()


def _sources(models: Sequence[Model]) -> list[Source]:
    needed = {COUNTED[model].source for model in models if model in COUNTED}
    if "session_knn" in models:
        needed.add("viewed")
    if "ease" in models:
        needed.add("bought")
    return [source for source in BASKETS if source in needed]


class _Build:
    """One generation in the making."""

    def __init__(self, client: Any, shop: str, until: datetime, *, whole_history: bool) -> None:
        self.built: list[Built] = []
        self._client, self._until, self._whole_history = client, until, whole_history
        self._generation = int(time.time() * 1000)
        self._given: dict[str, object] = {"shop": shop, "generation": self._generation, "until": until}

    def count_baskets(self, source: Source) -> None:
        bounds = BASKETS[source]._asdict()
        parameters = {"since": self._since(bounds.pop("days"))} | bounds
        self._run(source, statement(f"baskets_{source}"), "recommendation_baskets", parameters)

    def count(self, model: Model) -> None:
        counted = COUNTED[model]
        parameters: dict[str, Any] = dict(counted.parameters) | {"model": model, "source": counted.source or ""}
        if counted.source is None:
            parameters["since"] = self._since(int(parameters.pop("days")))
        text = statement(counted.statement).replace("{{context}}", counted.context)
        self._run(model, text, "recommendations", parameters)

    def weigh(self) -> None:
        started = time.monotonic()
        baskets = self._client.query(
            "SELECT products FROM recommendation_baskets WHERE shop_id = {shop:String}"
            " AND source = 'bought' AND generation = {generation:UInt64}",
            {"shop": self._given["shop"], "generation": self._generation},
        ).result_columns
        told = [self._given["shop"], "ease", self._generation]
        total = len(baskets[0]) if baskets else 0
        rows = [[*told, *_measures(line, total)] for line in weigh(baskets[0] if baskets else [])]
        for begin in range(0, len(rows), _ROWS_AT_ONCE):
            self._client.insert("recommendations", rows[begin : begin + _ROWS_AT_ONCE])
        self.built.append(Built("ease", self._generation, self._until, len(rows), time.monotonic() - started))

    def switch(self) -> None:
        """Write all pointers with one insert: readers see the old ones or the new ones, never some of each."""
        columns = ["shop_id", "model", "generation", "until", "rows", "seconds"]
        rows = [[self._given["shop"], *built] for built in self.built]
        self._client.insert("recommendation_generations", rows, column_names=columns)

    def _since(self, days: int) -> datetime:
        return datetime(1970, 1, 2, tzinfo=UTC) if self._whole_history else self._until - timedelta(days=days)

    def _run(self, model: str, text: str, table: str, parameters: dict[str, Any]) -> None:
        started = time.monotonic()
        used = {name: value for name, value in (self._given | parameters).items() if f"{{{name}:" in text}
        self._client.command(text, parameters=used, settings=_BOUNDS)
        column = "source" if table == "recommendation_baskets" else "model"
        rows = self._client.query(
            f"SELECT count() FROM {table} WHERE shop_id = {{shop:String}} AND {column} = {{model:String}}"  # noqa: S608
            " AND generation = {generation:UInt64}",
            {"shop": self._given["shop"], "model": model, "generation": self._generation},
        ).result_rows[0][0]
        self.built.append(Built(model, self._generation, self._until, rows, time.monotonic() - started))


def _measures(line: Weighed, total: int) -> list[object]:
    together, held, other_held = line.together, line.held, line.other_held
    lift, cosine = together * total / (held * other_held), together / sqrt(held * other_held)
    return [*line[:4], together, together / total, together / held, lift, cosine]


def _drop_old(client: Any, shop: str) -> None:
    """Drop what is older than the generation in use and the one before it."""
    for table, column in (("recommendations", "model"), ("recommendation_baskets", "source")):
        partitions = client.query(
            f"SELECT {column}, generation, any(_partition_id) FROM {table}"  # noqa: S608 - names of our own
            " WHERE shop_id = {shop:String} GROUP BY 1, 2",
            {"shop": shop},
        ).result_rows
        in_use = dict(
            client.query(
                "SELECT model, generation FROM recommendation_generations FINAL WHERE shop_id = {shop:String}",
                {"shop": shop},
            ).result_rows
        )
        for model, generation, partition in partitions:
            before = [older for name, older, _ in partitions if name == model and older < in_use.get(model, 0)]
            if before and generation < max(before):
                client.command(f"ALTER TABLE {table} DROP PARTITION ID '{partition}'")
