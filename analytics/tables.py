"""Answers as Arrow tables, for notebooks: `analytics.query("funnel", shop="demo").to_pandas()`."""

from contextlib import closing
from typing import Any

from analytics.parameters import bound
from analytics.questions import question_named
from connectors.clickhouse.client import connect, errors_translated
from schemas.settings import ClickHouseSettings, settings


def query(name: str, clickhouse: ClickHouseSettings | None = None, **parameters: object) -> Any:
    """Ask the question *name* and return a `pyarrow.Table`; its `to_pandas()` is a data frame.

    Raises:
        ConfigurationError: there is no such question, or a parameter is missing, unknown or of another type.
        TransientError: ClickHouse does not answer.
        TerminalError: ClickHouse refuses the query.
    """
    question = question_named(name)
    values = bound(question.name, question.parameters, parameters)
    with closing(connect(clickhouse or settings(ClickHouseSettings))) as client, errors_translated():
        return client.query_arrow(question.sql, parameters=values, use_strings=True)
