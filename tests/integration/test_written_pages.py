"""docs/tables.md and docs/first-hour.md are what the tables and the questions say today.

After a wanted change: `python -m analytics.describing` (CLICKHOUSE_URL: a migrated database) and
`python -m tests.first_hour`.
"""

from collections.abc import Iterator
from difflib import unified_diff

import pytest

from analytics import describing
from schemas.settings import ClickHouseSettings
from tests import first_hour
from tests.integration.weeks_database import empty_database

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    with empty_database(clickhouse_url) as made:
        yield made


def changes(kept: str, made: str) -> list[str]:
    return list(unified_diff(kept.splitlines(), made.splitlines(), "kept", "made", lineterm="", n=0))


def test_the_page_of_tables_is_what_their_comments_say(clickhouse: ClickHouseSettings) -> None:
    page = describing.page(clickhouse)

    assert changes(describing.PAGE.read_text(), page) == []
    assert "| |" not in page.replace("|  |", "| |"), "a column is not described"


def test_the_first_hour_prints_what_it_says(clickhouse: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", first_hour.WIDTH)
    page = first_hour.PAGE.read_text()

    with first_hour.shop(clickhouse) as run:
        asked = first_hour.rewritten(page, run)

    assert changes(page, asked) == []
    assert page.count("    $ storestream query ") >= 12
