"""The engine: a folder comes in, handles on it go out. One process owns a folder; every handle is a clean session.

Opening a handle takes 0.1 ms, so each request gets its own: settings, `USE` and `readonly` end with it (a handle once
made read-only never writes again).
"""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import psutil

from deploy.servers import ServerError
from deploy.servers.clickhouse.errors import ENGINE_ERRORS, QueryError, from_engine

DEFAULT_MEMORY_BYTES: Final = 4 * 2**30
DEFAULT_DATABASE: Final = "default"
# fsync costs 5 ms an insert and is what makes an acknowledged row survive a power cut.
_CONFIG: Final = """<clickhouse>
  <merge_tree><fsync_after_insert>1</fsync_after_insert><fsync_part_directory>1</fsync_part_directory></merge_tree>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>268435456</mark_cache_size>
  <backups><allowed_path>{backups}</allowed_path></backups>
</clickhouse>
"""
# What a real server's HTTP port does and clickhouse-local, whose defaults the engine has, does not.
_BASE: Final = {"async_insert": "0", "implicit_select": "0"}


class Engine:
    """The open engine of one folder."""

    def __init__(self, folder: Path, *, memory_bytes: int = DEFAULT_MEMORY_BYTES) -> None:
        """Open the engine in *folder*, which is made if need be.

        Raises: `ServerError` if another process has it open, or it cannot be read.
        """
        self.folder = folder.resolve()
        self._address = _address(self.folder, memory_bytes)
        self._connect: Callable[[str], Any] = importlib.import_module("chdb")._chdb.connect  # 0.4 s
        try:
            self._keeper = self._connect(self._address)
        except RuntimeError as exc:
            raise _cannot_open(self.folder, exc) from None
        version, self.timezone = self.rows("SELECT version(), timezone()")[0]
        self.version = version

    @contextmanager
    def handle(self) -> Iterator["Handle"]:
        """Give a handle that is closed at the end."""
        handle = self.open_handle()
        try:
            yield handle
        finally:
            handle.close()

    def open_handle(self, settings: Mapping[str, str] | None = None) -> "Handle":
        """Give a handle with *settings*, which the caller closes. Raises: `QueryError` for settings it refuses."""
        handle = Handle(self._connect(self._address))
        try:
            handle.set({**_BASE, **(settings or {})})
        except QueryError:
            handle.close()
            raise
        return handle

    def rows(self, sql: str, bound: Mapping[str, str] | None = None) -> list[list[str]]:
        """Ask *sql* on a handle of its own."""
        with self.handle() as handle:
            return handle.rows(sql, bound)

    def query_class(self, sql: str) -> tuple[str, int]:
        """Ask the engine's parser what *sql* would do: READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL or UNKNOWN,
        and how many statements it is.
        """
        found = self._keeper.classify_query(sql)
        return str(found["query_class"].name), int(found["statement_count"])

    def close(self) -> None:
        """Close the engine; what was acknowledged is on disk already."""
        self._keeper.close()


class Handle:
    """One session of the engine. Every method raises `QueryError` for what the engine refuses."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def query(self, sql: str, format_name: str = "TabSeparated", bound: Mapping[str, str] | None = None) -> Any:
        """Run *sql* to its end; returns the engine's result, which holds its bytes."""
        try:
            result = self.connection.query(sql, format_name, params=dict(bound or {}))
        except ENGINE_ERRORS as exc:
            raise from_engine(exc) from None
        if result.has_error():
            raise from_engine(RuntimeError(result.error_message()))
        return result

    def rows(self, sql: str, bound: Mapping[str, str] | None = None) -> list[list[str]]:
        """Run *sql* and split its result; only for values without tabs and line ends."""
        text = bytes(self.query(sql, "TabSeparatedRaw", bound).bytes() or b"").decode()
        return [line.split("\t") for line in text.splitlines()]

    def set(self, settings: Mapping[str, str]) -> None:
        """Set *settings* for this session."""
        if settings:
            self.query("SET " + ", ".join(f"{setting_name(name)} = {quoted(v)}" for name, v in settings.items()))

    def use(self, database: str) -> None:
        """Make *database* the current one."""
        self.query("USE " + identifier(database))

    def close(self) -> None:
        """End the session."""
        self.connection.close()


def quoted(value: str) -> str:
    """Write *value* as a string of ClickHouse's SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """Write *name* as a name of ClickHouse's SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def setting_name(name: str) -> str:
    """Return *name* if it can be a setting's. Raises: `QueryError` UNKNOWN_SETTING."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    raise QueryError(115, "Code: 115. DB::Exception: Setting name is not an identifier. (UNKNOWN_SETTING)")


def _address(folder: Path, memory_bytes: int) -> str:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "backups").mkdir(exist_ok=True)
    config = folder / "engine.xml"
    config.write_text(_CONFIG.format(memory=memory_bytes, backups=escape(f"{folder}/backups/")))
    return f"{folder / 'engine'}?config-file={config}"


def holder(folder: Path) -> int | None:
    """Return the pid of the process that has *folder* open, as the engine's own lock file names it."""
    try:
        found = re.search(r"PID: (\d+)", (folder / "engine" / "status").read_text())
    except OSError:
        return None
    return int(found[1]) if found and psutil.pid_exists(int(found[1])) else None


def _cannot_open(folder: Path, error: RuntimeError) -> ServerError:
    text = str(error)
    pid = holder(folder)
    if "Cannot lock" in text or "EmbeddedServer" in text:
        owner = f"process {pid}" if pid else "another process"
        return ServerError(f"ClickHouse's folder {folder} is in use by {owner}: stop it, or choose another folder")
    return ServerError(f"ClickHouse cannot open {folder}: {text.splitlines()[0][:300]}")
