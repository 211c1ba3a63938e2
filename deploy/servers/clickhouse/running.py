"""What runs now: ids clients gave their queries come in, the engine's own go out, so that a query can be killed."""

import threading
import uuid
from dataclasses import dataclass, field
from typing import Final

from deploy.servers.clickhouse.engine import Engine
from deploy.servers.clickhouse.errors import QueryError, refusal

MAX_RUNNING: Final = 100


@dataclass(frozen=True)
class Running:
    """A query that runs; the engine shows *tag* as its `log_comment`."""

    query_id: str
    tag: str = field(default_factory=lambda: f"q-{uuid.uuid4()}")


class RunningQueries:
    """The queries of all clients."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._by_id: dict[str, Running] = {}

    def begin(self, query_id: str) -> Running:
        """Note that a query begins; *query_id* may be empty.

        Raises: `QueryError` QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, TOO_MANY_SIMULTANEOUS_QUERIES.
        """
        running = Running(query_id or str(uuid.uuid4()))
        with self._lock:
            if running.query_id in self._by_id:
                raise refusal("QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", "Query with this id is already running.")
            if len(self._by_id) >= MAX_RUNNING:
                raise refusal("TOO_MANY_SIMULTANEOUS_QUERIES", f"Too many simultaneous queries. Maximum: {MAX_RUNNING}")
            self._by_id[running.query_id] = running
        return running

    def end(self, running: Running) -> None:
        """Note that a query ended."""
        with self._lock:
            self._by_id.pop(running.query_id, None)

    def kill(self, running: Running) -> None:
        """Stop *running* if it still runs."""
        try:
            self._engine.rows("KILL QUERY WHERE Settings['log_comment'] = {tag:String} ASYNC", {"tag": running.tag})
        except QueryError:
            return  # it ended in the meantime

    def kill_all(self) -> None:
        """Stop every query."""
        with self._lock:
            everything = list(self._by_id.values())
        for running in everything:
            self.kill(running)

    def in_engine_words(self, sql: str) -> str:
        """Write the engine's ids for the clients' ids a KILL QUERY names."""
        with self._lock:
            named = [running for running in self._by_id.values() if f"'{running.query_id}'" in sql]
        for running in named:
            rows = self._engine.rows(
                "SELECT query_id FROM system.processes WHERE Settings['log_comment'] = {tag:String}",
                {"tag": running.tag},
            )
            if rows:
                sql = sql.replace(f"'{running.query_id}'", f"'{rows[0][0]}'")
        return sql
