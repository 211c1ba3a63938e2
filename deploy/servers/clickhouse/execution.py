"""Run one statement on the engine: a `Job` comes in, an `Answer` goes out. Everything here blocks, in a thread.

In order: a handle for the user, the settings of the request, then one of three ways: rows into a table, a result whole,
a result piece by piece.
"""

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Final

from deploy.servers.clickhouse.access import User
from deploy.servers.clickhouse.engine import DEFAULT_DATABASE, Engine, Handle
from deploy.servers.clickhouse.errors import refusal
from deploy.servers.clickhouse.external import ExternalTable, lend_table
from deploy.servers.clickhouse.guard import Guard
from deploy.servers.clickhouse.inserts import insert_rows, summary_of
from deploy.servers.clickhouse.parameters import Parameters, analyst_settings
from deploy.servers.clickhouse.request import Statement
from deploy.servers.clickhouse.running import Running, RunningQueries
from deploy.servers.clickhouse.sessions import Session, Sessions
from deploy.servers.clickhouse.statements import format_of
from deploy.servers.clickhouse.streams import ResultStream, may_stream

_READ_ONLY: Final = {"readonly": "1"}
# The engine has a command line's own commands (`exit`, `\\d`) and takes them for done.
_CLIENT_COMMAND: Final = re.compile(r"\s*(?:\\.*|[^\s();]+[\s;]*)", re.DOTALL)
_SELECTING: Final = frozenset({"SELECT", "WITH", "FROM", "("})


@dataclass(frozen=True)
class Job:
    """One statement to run for *user*; *changes* is False for GET, which may change nothing."""

    user: User
    statement: Statement
    parameters: Parameters
    running: Running
    default_format: str
    body: IO[bytes]
    changes: bool = True
    external: tuple[ExternalTable, ...] = ()

    @property
    def stops_with_client(self) -> bool:
        """Whether it is of no use once its client is gone."""
        asked = self.parameters.flag("cancel_http_readonly_queries_on_client_close")
        return self.statement.word in _SELECTING and (asked or not self.user.writes)


@dataclass(frozen=True)
class Answer:
    """What the engine said: *body* whole or as a stream; *format* is None if the statement has no result."""

    body: bytes | ResultStream
    format: str | None
    summary: dict[str, str] = field(default_factory=dict)


class Execution:
    """Runs jobs on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sessions = Sessions()
        self.running = RunningQueries(engine)
        self._guard = Guard(engine)

    def run(self, job: Job) -> Answer:
        """Run *job*; the caller ends `job.running`.

        Raises: `QueryError`.
        """
        query_class = self._check(job)
        with ExitStack() as ending:
            handle, session = self._prepare(job, ending)
            if job.statement.rows is not None:
                began = time.monotonic_ns()
                sql, rows, bound = job.statement.sql, job.statement.rows, job.parameters.bound
                inserted = insert_rows(handle, sql, rows, bound, self.engine.folder)
                return Answer(b"", None, summary_of(inserted, began, 0))
            for table in job.external:
                ending.callback(lend_table(handle, table))
            if job.external and not job.user.writes:
                handle.set(_READ_ONLY)
            format_name = format_of(job.statement.sql.encode(), job.default_format)
            if query_class == "READ_ONLY" and _may_stream(job, format_name):
                return _piecewise(handle, job, format_name, ending)
            answer = self._whole(handle, job, format_name, has_result=query_class == "READ_ONLY")
            if session is not None and job.statement.word == "USE":
                session.home = handle.rows("SELECT currentDatabase()")[0][0]
            return answer

    def close(self) -> None:
        """Stop what still runs and close the engine."""
        self.running.kill_all()
        self.sessions.expire(all_of_them=True)
        self.engine.close()

    def _check(self, job: Job) -> str:
        query_class = "MUTATING" if job.statement.rows is not None else self._class_of_one(job.statement)
        if not job.changes and query_class.startswith("MUTATING"):
            raise refusal(
                "READONLY",
                "Cannot execute query in readonly mode. For queries over HTTP, method GET "
                "implies readonly. You should use method POST for modifying queries.",
            )
        if not job.user.writes:
            self._guard.check(job.statement, query_class)
        return query_class

    def _class_of_one(self, statement: Statement) -> str:
        if _CLIENT_COMMAND.fullmatch(statement.sql) and statement.word not in ("COMMIT", "ROLLBACK"):
            raise refusal("SYNTAX_ERROR", "Syntax error: this is a command of a client, not a statement.")
        query_class, count = self.engine.query_class(statement.sql)
        if count > 1:
            raise refusal("SYNTAX_ERROR", "Multi-statements are not allowed")
        if query_class == "CONTROL" and statement.word in _SELECTING:
            raise refusal("INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed")
        return query_class

    def _prepare(self, job: Job, ending: ExitStack) -> tuple[Handle, Session | None]:
        asked, writes = job.parameters, job.user.writes
        settings = dict(asked.settings) if writes else analyst_settings(asked.settings)
        settings["log_comment"] = job.running.tag
        if not writes and not job.external:  # tables sent along must be made before
            settings |= _READ_ONLY
        session = self._session(job, ending)
        home = asked.transport.get("database") or (session.home if session else DEFAULT_DATABASE)
        if session is not None and session.handle is not None:
            session.handle.use(home)
            session.lend({"log_comment": job.running.tag} if job.statement.word == "SET" else settings)
            return session.handle, session
        handle = self.engine.open_handle(settings)
        ending.callback(handle.close)
        if home != DEFAULT_DATABASE:
            handle.use(home)
        return handle, session

    def _session(self, job: Job, ending: ExitStack) -> Session | None:
        transport = job.parameters.transport
        if not transport.get("session_id"):
            return None
        session = self.sessions.take(
            (job.user.name, transport["session_id"]),
            timeout=transport.get("session_timeout", ""),
            check=job.parameters.flag("session_check"),
            new=self.engine.open_handle if job.user.writes else lambda: None,
        )
        ending.callback(self.sessions.give_back, session)
        return session

    def _whole(self, handle: Handle, job: Job, format_name: str, *, has_result: bool) -> Answer:
        sql = job.statement.sql
        if job.statement.word == "KILL":
            sql = self.running.in_engine_words(sql)
        began = time.monotonic_ns()
        result = handle.query(sql, job.default_format, job.parameters.bound)
        body = bytes(result.bytes() or b"")
        return Answer(body, format_name if has_result or body else None, summary_of(result, began, len(body)))


def _may_stream(job: Job, format_name: str) -> bool:
    whole = job.parameters.flag("wait_end_of_query") or job.statement.word not in _SELECTING
    return not whole and may_stream(format_name, job.parameters.settings)


def _piecewise(handle: Handle, job: Job, format_name: str, ending: ExitStack) -> Answer:
    stream = ResultStream(handle, job.statement.sql, format_name, job.parameters.bound)
    small = stream.take_if_small()
    if small is not None:
        return Answer(small, format_name, {"read_rows": str(stream.read_rows), "result_bytes": str(len(small))})
    stream.ending = ending.pop_all()
    return Answer(stream, format_name)
