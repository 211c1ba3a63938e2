"""Questions as files: `analytics/queries/NAME.sql` and parameters go in, columns and rows come out.

A file's first line is the question. The comment lines after it document the parameters, which stand in the text as
ClickHouse's own `{name:Type}`, so that the file can be pasted into any client:

    -- Which products are looked at most?
    -- shop: the shop
    -- days = 7: days back from now
"""

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from connectors.clickhouse.client import connect, errors_translated
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings, settings

FOLDER: Final = Path(__file__).parent / "queries"

_DOCUMENTED = re.compile(r"-- (\w+)(?: = (\S+))?: (.+)")
_USED = re.compile(r"\{(\w+):([A-Za-z0-9()]+)\}")


class Parameter(NamedTuple):
    """What a question wants to know. *default* None: it must be given."""

    name: str
    type: str
    default: str | None
    about: str


class Question(NamedTuple):
    """One file."""

    name: str
    text: str
    parameters: tuple[Parameter, ...]
    sql: str


class Answer(NamedTuple):
    """What came out, in the query's order."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def questions(folder: Path = FOLDER) -> dict[str, Question]:
    """Read every question, by name.

    Raises:
        ConfigurationError: a file has no question, or its parameters are not those it documents.
    """
    return {path.stem: _question(path) for path in sorted(folder.glob("*.sql"))}


def query(name: str, clickhouse: ClickHouseSettings | None = None, **parameters: object) -> Answer:
    """Ask the question *name*: `query("funnel", shop="demo", days=7)`.

    Raises:
        ConfigurationError: there is no such question, or a parameter is missing, unknown or of another type.
        TransientError: ClickHouse does not answer.
        TerminalError: ClickHouse refuses the query.
    """
    question = questions().get(name)
    if question is None:
        raise ConfigurationError(f"no question {name}; there are: {', '.join(questions())}")
    bound = _bound(question, parameters)
    with closing(connect(clickhouse or settings(ClickHouseSettings))) as client, errors_translated():
        result = client.query(question.sql, parameters=bound)
        return Answer(tuple(result.column_names), list(result.result_rows))


def explain(name: str, clickhouse: ClickHouseSettings | None = None, **parameters: object) -> str:
    """Say how ClickHouse would answer. Raises as `query`."""
    question = questions()[name]
    with closing(connect(clickhouse or settings(ClickHouseSettings))) as client, errors_translated():
        result = client.query(f"EXPLAIN indexes = 1 {question.sql}", parameters=_bound(question, parameters))
        return "\n".join(row[0] for row in result.result_rows)


def _question(path: Path) -> Question:
    lines = path.read_text().splitlines()
    if not lines or not lines[0].startswith("-- ") or not lines[0].endswith("?"):
        raise ConfigurationError(f"{path.name}: its first line is not a question")
    documented = {}
    for line in lines[1:]:
        found = _DOCUMENTED.fullmatch(line)
        if found is None:
            break
        documented[found.group(1)] = (found.group(2), found.group(3))
    sql = "\n".join(lines[1 + len(documented) :])
    used = dict(_USED.findall(sql))
    if used.keys() != documented.keys():
        wrong = ", ".join(sorted(used.keys() ^ documented.keys()))
        raise ConfigurationError(f"{path.name}: documented and used parameters differ: {wrong}")
    parameters = tuple(Parameter(name, used[name], *told) for name, told in documented.items())
    return Question(path.stem, lines[0].removeprefix("-- "), parameters, sql)


def _bound(question: Question, given: Mapping[str, object]) -> dict[str, object]:
    unknown = given.keys() - {each.name for each in question.parameters}
    if unknown:
        raise ConfigurationError(f"{question.name} has no parameter {', '.join(sorted(unknown))}")
    bound: dict[str, object] = {}
    for each in question.parameters:
        value = given.get(each.name)
        value = each.default if value is None else value
        if value is None:
            raise ConfigurationError(f"{question.name} needs {each.name}: {each.about}")
        if each.type.startswith("UInt") and not str(value).isdecimal():
            raise ConfigurationError(f"{question.name}: {each.name} must be a whole number")
        bound[each.name] = value
    return bound
