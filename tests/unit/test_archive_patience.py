"""An outage is waited out, and a lasting one ends the worker."""

import pytest

from schemas.errors import TransientError
from streams.archiving import patience
from streams.archiving.patience import until_done


class Flaky:
    """Fails the first *failures* times."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise TransientError("clickhouse: code 252 TOO_MANY_PARTS")
        return "done"


async def test_a_call_is_repeated_until_it_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_SECONDS", 0.001)

    assert await until_done(Flaky(4), "insert") == "done"


async def test_an_outage_that_lasts_too_long_is_not_waited_out() -> None:
    with pytest.raises(TransientError, match="TOO_MANY_PARTS"):
        await until_done(Flaky(10**9), "insert", outage_seconds=0.3)


async def test_a_failure_that_does_not_pass_is_not_repeated() -> None:
    def broken() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await until_done(broken, "insert")
