"""Makes a table anew beside the live one, and switches over at once: readers see the old rows, then the new ones.

    make_beside(client, "events")              # events__anew, empty, as events is; or with another order key
    ... fill it ...
    exchange(client, "events")                 # one atomic step; what was live is now in events__anew
    drop_beside(client, "events")

https://clickhouse.com/docs/sql-reference/statements/exchange
"""

from typing import Any, Final, NamedTuple

from schemas.errors import ConfigurationError

SUFFIX: Final = "__anew"


class Difference(NamedTuple):
    """Rows, as FINAL reads them, that only one of two tables has."""

    rows: int
    only_live: int
    only_anew: int


def make_beside(client: Any, table: str, order_by: str | None = None) -> None:
    """Create an empty table beside *table*, in place of one that was left there; *order_by* is another order key.

    Raises:
        ConfigurationError: there is no such table, it is distributed over a cluster, its key cannot be changed, or
            *order_by* would take several rows for one, or one for several.
    """
    engine, key = _engine(client, table)
    if order_by is not None:
        wanted = engine.replace(f"ORDER BY ({key})", f"ORDER BY ({order_by})")
        wanted = wanted.replace(f"ORDER BY {key}", f"ORDER BY ({order_by})")
        if wanted == engine or "PRIMARY KEY" in engine:
            raise ConfigurationError(f"{table}: its order key cannot be told from its engine")
        _check_same_rows(client, table, key, order_by)
        engine = wanted
    drop_beside(client, table)
    client.command(f"CREATE TABLE {table}{SUFFIX} AS {table} ENGINE = {engine}")


def copy(client: Any, table: str, where: str = "1", **parameters: object) -> None:
    """Copy the rows of *table* for which *where* holds into the table beside it."""
    client.command(f"INSERT INTO {table}{SUFFIX} SELECT * FROM {table} WHERE {where}", parameters)  # noqa: S608


def difference(client: Any, table: str) -> Difference:
    """Compare *table* with the one beside it, row by row, every column. Reads both whole."""
    columns = client.query(
        "SELECT name FROM system.columns"
        " WHERE database = currentDatabase() AND table = {table:String} ORDER BY position",
        {"table": table},
    ).result_columns[0]
    whole = f"sipHash128(toString(({', '.join(f'`{name}`' for name in columns)}))) AS content"
    counted = client.query(
        f"SELECT count(), countIf(NOT has(sides, 2)), countIf(NOT has(sides, 1)) FROM ("  # noqa: S608 - our own names
        f" SELECT content, groupUniqArray(side) AS sides FROM ("
        f" SELECT {whole}, 1 AS side FROM {table} FINAL UNION ALL SELECT {whole}, 2 AS side FROM {table}{SUFFIX} FINAL)"
        " GROUP BY content)"
    ).result_rows[0]
    return Difference(*counted)


def exchange(client: Any, table: str) -> None:
    """Switch over: *table* becomes what was made beside it, in one step; the rows that were live are beside it now."""
    client.command(f"EXCHANGE TABLES {table} AND {table}{SUFFIX}")


def drop_beside(client: Any, table: str) -> None:
    """Drop the table beside *table*, if there is one."""
    client.command(f"DROP TABLE IF EXISTS {table}{SUFFIX} SYNC")


def _check_same_rows(client: Any, table: str, key: str, order_by: str) -> None:
    """A ReplacingMergeTree takes rows of one key for one row, and would drop all but one of them."""
    told = f"SELECT uniqExact(({key})), uniqExact(({order_by})) FROM {table}"  # noqa: S608 - whoever may make tables
    rows, others = client.query(told).result_rows[0]
    if rows != others:
        raise ConfigurationError(
            f"{table}: by ({order_by}) its {rows} rows would be {others}; name all that tells one row from another,"
            f" and nothing that may change about it: now it is ({key})"
        )


def _engine(client: Any, table: str) -> tuple[str, str]:
    found = client.query(
        "SELECT engine_full, sorting_key FROM system.tables"
        " WHERE database = currentDatabase() AND name = {table:String}",
        {"table": table},
    ).result_rows
    if not found:
        raise ConfigurationError(f"no table {table}: storestream migrate makes them")
    engine, key = found[0]
    if not engine.startswith("ReplacingMergeTree"):
        raise ConfigurationError(f"{table}: on a cluster a table is made anew by hand, on each node")
    return engine, key
