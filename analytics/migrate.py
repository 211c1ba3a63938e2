"""Brings the tables up to date: the numbered files of `analytics/migrations` go in, what was applied comes out.

Run it with `storestream migrate`. Applied files and their checksums stand in the table `migrations`; an applied file
that was changed is refused. One text serves a single node and a cluster: see `analytics.templates`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.exceptions import DatabaseError

from analytics.templates import render, statements
from connectors.clickhouse.client import connect, database_of
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings

FOLDER: Final = Path(__file__).parent / "migrations"
LOCK_SECONDS: Final = 30.0
"""How long another runner is waited for; a lock older than that was left by one that died."""

_ALREADY_EXISTS = 57
_LEDGER = """
CREATE TABLE IF NOT EXISTS {{table:migrations}}
(
    number     UInt16   COMMENT 'number of the file',
    name       String   COMMENT 'its name',
    checksum   String   COMMENT 'SHA-256 of its text',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when it was applied'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(applied_at)}}
ORDER BY number
COMMENT 'Which files of analytics/migrations were applied'
"""


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    checksum: str
    text: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read the files of *folder*, in order of their numbers.

    Raises:
        ConfigurationError: two files have one number, or a name has none.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        number, text = path.name.partition("_")[0], path.read_text()
        if not number.isdigit():
            raise ConfigurationError(f"{path.name}: a migration's name begins with its number")
        found.append(Migration(int(number), path.name, sha256(text.encode()).hexdigest(), text))
    if len({each.number for each in found}) != len(found):
        raise ConfigurationError("two migrations have the same number")
    return found


def pending(all_of_them: Sequence[Migration], applied: dict[int, str]) -> list[Migration]:
    """Tell which are still to be applied, *applied* being checksums by number.

    Raises:
        ConfigurationError: an applied file was changed, or a new one comes before an applied one.
    """
    for each in all_of_them:
        if applied.get(each.number, each.checksum) != each.checksum:
            raise ConfigurationError(
                f"{each.name} was changed after it had been applied; undo that and write the change as a new file"
            )
    missing = [each for each in all_of_them if each.number not in applied]
    if missing and applied and missing[0].number < max(applied):
        raise ConfigurationError(f"{missing[0].name} comes before files that are applied already; give it a new number")
    return missing


def migrate(clickhouse: ClickHouseSettings, folder: Path = FOLDER) -> list[str]:
    """Create the database and apply what is missing; returns the names of the files applied now.

    Raises:
        ConfigurationError: see `migrations` and `pending`; or another runner holds the lock for too long.
        TransientError: ClickHouse does not answer.
    """
    cluster, wanted = clickhouse.cluster, migrations(folder)
    database = _create_database(clickhouse)
    with closing(connect(clickhouse)) as client, _lock(client, database, cluster):
        client.command(render(_LEDGER, cluster))
        rows = client.query("SELECT number, checksum FROM migrations FINAL").result_rows
        missing = pending(wanted, dict(rows))
        for each in missing:
            _apply(client, each, cluster)
        return [each.name for each in missing]


def _apply(client: Any, each: Migration, cluster: str) -> None:
    for statement in statements(render(each.text, cluster)):
        try:
            client.command(statement)
        except DatabaseError as exc:
            raise ConfigurationError(f"{each.name}: ClickHouse refused it: {exc}") from None
    client.insert("migrations", [[each.number, each.name, each.checksum]], column_names=["number", "name", "checksum"])


def _create_database(clickhouse: ClickHouseSettings) -> str:
    with closing(connect(clickhouse, database="default")) as client:
        name = database_of(clickhouse)
        known = client.query("SELECT count() FROM system.databases WHERE name = {name:String}", {"name": name})
        if not known.result_rows[0][0]:
            where = f"ON CLUSTER '{clickhouse.cluster}'" if clickhouse.cluster else ""
            client.command(f"CREATE DATABASE IF NOT EXISTS `{name}` {where} ENGINE = Atomic")
        return name


@contextmanager
def _lock(client: Any, database: str, cluster: str) -> Iterator[None]:
    """Hold the table `migrations_lock`: creating a table is the one thing only one can do."""
    deadline = time.monotonic() + 2 * LOCK_SECONDS
    create = render("CREATE TABLE migrations_lock {{on_cluster}} (nothing UInt8) ENGINE = Memory", cluster)
    drop = render("DROP TABLE IF EXISTS migrations_lock {{on_cluster}} SYNC", cluster)
    while True:
        try:
            client.command(create)
            break
        except DatabaseError as exc:
            if exc.code != _ALREADY_EXISTS:
                raise
        if _lock_age_seconds(client, database) > LOCK_SECONDS:
            client.command(drop)
        elif time.monotonic() > deadline:
            raise ConfigurationError("another migration is running; if not, drop the table migrations_lock")
        else:
            time.sleep(0.2)
    try:
        yield
    finally:
        client.command(drop)


def _lock_age_seconds(client: Any, database: str) -> float:
    age = client.query(
        "SELECT dateDiff('second', metadata_modification_time, now()) FROM system.tables"
        " WHERE database = {database:String} AND name = 'migrations_lock'",
        {"database": database},
    ).result_rows
    return float(age[0][0]) if age else 0.0
