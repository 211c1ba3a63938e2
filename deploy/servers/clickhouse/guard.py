"""What an analyst may ask. A statement comes in; nothing goes out, or `QueryError`.

`readonly = 1` is not enough: it lets the function `file()` read any file, `DESCRIBE url(…)` reach any host, and
`INTO OUTFILE` write one (all measured). So a statement must be one that only reads in the eyes of the engine's own
parser, and may name no function that reaches files or the network. It is looked at in the parser's own writing
(`formatQuery`), where comments are gone and escapes in names resolved.
"""

import re
from typing import Final

from deploy.servers.clickhouse.engine import Engine
from deploy.servers.clickhouse.errors import refusal
from deploy.servers.clickhouse.parameters import escaped
from deploy.servers.clickhouse.request import Statement

# Scalar functions that reach files, hosts or models; the table functions are asked of the engine.
_REACHING_OUT: Final = frozenset(
    """
    file filesystemAvailable filesystemCapacity filesystemUnreserved catboostEvaluate evalMLMethod showCertificate
    reverseDNSQuery zookeeperSessionUptime eval
    """.lower().split()
)
_REMEMBERED: Final = 1000
_LITERAL: Final = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_CALL: Final = re.compile(r"`?([A-Za-z_][A-Za-z0-9_]*)`?\s*\(")
_PATH_LIKE: Final = re.compile(r"`[^`]*[/\\.:][^`]*`|\{")


class Guard:
    """Checks the statements of analysts against one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        tables = engine.rows("SELECT name FROM system.table_functions WHERE NOT allow_readonly")
        scalars = {row[0].lower() for row in engine.rows("SELECT name FROM system.functions")}
        models = {name for name in scalars if name.startswith("ai")}
        self._passed: dict[str, None] = {}  # dashboards ask the same again and again
        self._denied = ({row[0].lower() for row in tables} - scalars) | _REACHING_OUT | models

    def check(self, statement: Statement, query_class: str) -> None:
        """Let *statement* pass if it only reads tables.

        Raises: `QueryError` READONLY, ACCESS_DENIED or SYNTAX_ERROR.
        """
        if query_class not in ("READ_ONLY", "UNKNOWN") and statement.word not in ("USE", "SET"):
            raise refusal("READONLY", "analyst: Cannot execute query in readonly mode.")
        if statement.sql in self._passed:
            return
        plain = _LITERAL.sub("''", self._as_the_parser_writes(statement.sql))
        for call in _CALL.finditer(plain):
            if call[1].lower() in self._denied:
                raise refusal("ACCESS_DENIED", f"analyst: Not enough privileges to call {call[1]}().")
        if plain.startswith("EXISTS") and _PATH_LIKE.search(plain):  # files are tables of the database `default`
            raise refusal("ACCESS_DENIED", "analyst: Not enough privileges to ask for files.")
        if len(self._passed) >= _REMEMBERED:
            self._passed.clear()
        self._passed[statement.sql] = None

    def _as_the_parser_writes(self, sql: str) -> str:
        with self._engine.handle() as handle:
            result = handle.query("SELECT formatQuerySingleLine({sql:String})", "RawBLOB", {"sql": escaped(sql)})
            return bytes(result.bytes()).decode("utf-8", "replace")
