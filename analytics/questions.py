"""Questions as files: `analytics/queries/NAME.sql` and parameters go in, columns and rows come out.

A file's first line is the question. The comment lines after it document the parameters (`analytics.parameters`), which
stand in the text as ClickHouse's own `{name:Type}`, so that the file can be pasted into any client:

    -- Which products are looked at most?
    -- shop: the shop
    -- days = 7: days back from now
"""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from analytics.parameters import Parameter, bound, documented
from connectors.clickhouse.client import connect, errors_translated
from schemas.errors import ConfigurationError
from schemas.settings import ClickHouseSettings, settings

FOLDER: Final = Path(__file__).parent / "queries"
PIECE_BYTES: Final = 65_536

Form = Literal["CSVWithNames", "JSONEachRow"]
"""How ClickHouse writes an answer that goes on as it is."""

_USED = re.compile(r"\{(\w+):([A-Za-z0-9()]+)\}")


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


def question_named(name: str) -> Question:
    """Find the question *name*. Raises: `ConfigurationError` naming those there are."""
    found = questions()
    if name not in found:
        raise ConfigurationError(f"no question {name}; there are: {', '.join(found)}")
    return found[name]


def query(name: str, clickhouse: ClickHouseSettings | None = None, **parameters: object) -> Answer:
    """Ask the question *name*: `query("funnel", shop="demo", days=7)`.

    Raises:
        ConfigurationError: there is no such question, or a parameter is missing, unknown or of another type.
        TransientError: ClickHouse does not answer.
        TerminalError: ClickHouse refuses the query.
    """
    question = question_named(name)
    values = bound(question.name, question.parameters, parameters)
    with closing(connect(clickhouse or settings(ClickHouseSettings))) as client, errors_translated():
        result = client.query(question.sql, parameters=values)
        return Answer(tuple(result.column_names), list(result.result_rows))


def pieces(name: str, form: Form, clickhouse: ClickHouseSettings | None = None, **given: object) -> Iterator[bytes]:
    """Yield the answer to *name* as ClickHouse writes it, of any length in the memory of a piece. Raises as `query`."""
    question = question_named(name)
    values = bound(question.name, question.parameters, given)
    with (
        closing(connect(clickhouse or settings(ClickHouseSettings))) as client,
        errors_translated(),
        closing(client.raw_stream(question.sql, parameters=values, fmt=form)) as stream,
    ):
        while piece := stream.read(PIECE_BYTES):
            yield piece


def explain(name: str, clickhouse: ClickHouseSettings | None = None, **parameters: object) -> str:
    """Say how ClickHouse would answer. Raises as `query`."""
    question = question_named(name)
    values = bound(question.name, question.parameters, parameters)
    with closing(connect(clickhouse or settings(ClickHouseSettings))) as client, errors_translated():
        told = client.raw_query(f"EXPLAIN indexes = 1 {question.sql}", parameters=values, fmt="TSVRaw")
    # Constants of views may hold bytes that are no text.
    text = told.decode("utf-8", "replace").rstrip()
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def _question(path: Path) -> Question:
    lines = path.read_text().splitlines()
    if not lines or not lines[0].startswith("-- ") or not lines[0].endswith("?"):
        raise ConfigurationError(f"{path.name}: its first line is not a question")
    told = []
    for line in lines[1:]:
        parameter = documented(line)
        if parameter is None:
            break
        told.append(parameter)
    sql = "\n".join(lines[1 + len(told) :])
    used = dict(_USED.findall(sql))
    if used.keys() != {each.name for each in told}:
        wrong = ", ".join(sorted(used.keys() ^ {each.name for each in told}))
        raise ConfigurationError(f"{path.name}: documented and used parameters differ: {wrong}")
    typed = tuple(each._replace(type=used[each.name]) for each in told)
    return Question(path.stem, lines[0].removeprefix("-- "), typed, sql)
