"""Errors of ClickHouse become ours, without the rows that their texts quote."""

import pytest
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from connectors.clickhouse.client import RefusedError, connect, database_of, translated
from connectors.clickhouse.inserts import encoded
from schemas.errors import ConfigurationError, TransientError
from schemas.settings import ClickHouseSettings

QUOTING = "Cannot parse input: ada@example.com"


def an_address(url: str) -> ClickHouseSettings:
    return ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})


@pytest.mark.parametrize(
    "error",
    [
        DatabaseError(QUOTING, code=252, name="TOO_MANY_PARTS"),
        DatabaseError(QUOTING, code=241, name="MEMORY_LIMIT_EXCEEDED"),
        OperationalError(QUOTING),
        ConnectionRefusedError(QUOTING),
        TimeoutError(QUOTING),
        urllib3.exceptions.ProtocolError(QUOTING),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'code', '')}",
)
def test_what_may_pass_is_transient_and_quotes_nothing(error: Exception) -> None:
    failure = translated(error)

    assert isinstance(failure, TransientError)
    assert "ada" not in str(failure)


@pytest.mark.parametrize(("code", "about_a_row"), [(69, True), (376, True), (60, False), (497, False), (16, False)])
def test_the_rest_is_refused_and_tells_whether_a_row_is_at_fault(code: int, about_a_row: bool) -> None:
    failure = translated(DatabaseError(QUOTING, code=code, name="X"))

    assert isinstance(failure, RefusedError)
    assert (failure.code, failure.about_a_row, failure.reason) == (code, about_a_row, "refused_by_clickhouse")
    assert "ada" not in str(failure)


def test_a_value_that_cannot_be_written_is_refused_before_anything_is_sent() -> None:
    for value in (2**70, "\ud800"):
        with pytest.raises(RefusedError) as refused:
            encoded([[value]])
        assert refused.value.about_a_row
        assert refused.value.__cause__ is None


def test_the_database_is_the_end_of_the_url_or_ours() -> None:
    assert database_of(an_address("http://u:p@h:8123/shops")) == "shops"
    assert database_of(an_address("http://u:p@h:8123/")) == "storestream"


@pytest.mark.parametrize("url", ["", "clickhouse", "tcp://h:9000/d", "http://", "http://u:hun/ter2@h:1/d"])
def test_an_address_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CLICKHOUSE_URL is not like http://") as refused:
        connect(an_address(url))

    assert refused.value.__cause__ is None
    assert "hun" not in str(refused.value)


def test_a_server_that_is_not_there_is_waited_for() -> None:
    with pytest.raises(TransientError, match="ClickHouse does not answer where CLICKHOUSE_URL says it is"):
        connect(an_address("http://u:secret@127.0.0.1:9/d"))
