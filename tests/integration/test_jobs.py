"""What is to be done again and again is done when it is due, for every shop, and tried again when it fails."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from deploy.processes.jobs import FIRST_SECONDS, RETRY_SECONDS, Job, Round, jobs, serve
from schemas.errors import TerminalError
from schemas.settings import ClickHouseSettings, JobsSettings

pytestmark = pytest.mark.integration

NOON = 1_800_000_000.0
DAY = 86_400.0


@pytest.fixture
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    url = f"{clickhouse_url.rstrip('/')}/jobs_{uuid4().hex[:8]}"
    settings = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(settings)
    client = connect(settings)
    client.command(
        "INSERT INTO events (shop_id, event_id, name, occurred_at, product_id, items.product_id, items.quantity)"
        " SELECT arrayJoin(['demo', 'other']), toString(number), 'product_viewed', now64(3), 'p', ['p'], [1]"
        " FROM numbers(3)"
    )
    yield settings
    client.command(f"DROP DATABASE {client.database}")
    client.close()


def test_each_job_is_done_for_every_shop_when_it_is_due(clickhouse: ClickHouseSettings) -> None:
    how_often = JobsSettings(profiles_seconds=300, popular_seconds=3600, models_seconds=0, squash_seconds=DAY)
    at = Round(clickhouse, jobs(how_often))

    assert at.go(NOON) == []
    assert at.go(NOON + 300) == [("demo", "profiles"), ("other", "profiles")]
    done = at.go(NOON + FIRST_SECONDS)
    assert done == [(shop, job) for shop in ("demo", "other") for job in ("profiles", "popular", "squash")]
    assert at.go(NOON + FIRST_SECONDS + 1) == []

    client = connect(clickhouse)
    built = client.query("SELECT DISTINCT shop_id FROM recommendations_now WHERE model = 'popular' ORDER BY 1")
    assert [row[0] for row in built.result_rows] == ["demo", "other"]
    client.close()
    # Another process sees what was built, and does not build it again before its time.
    anew = Round(clickhouse, [job for job in jobs(how_often) if job.name == "popular"])
    built_at = max(anew_at for anew_at in _built(clickhouse))
    assert anew.go(built_at + 3000) == []
    assert anew.go(built_at + 3600) == [("demo", "popular"), ("other", "popular")]


@pytest.mark.parametrize("error", [TerminalError("refused_by_clickhouse"), ZeroDivisionError()], ids=["said", "bug"])
def test_what_fails_is_tried_again_soon_and_holds_up_no_other_shop(
    clickhouse: ClickHouseSettings, error: Exception
) -> None:
    tried: list[str] = []

    def fails(_: ClickHouseSettings, shop: str) -> Any:
        tried.append(shop)
        raise error

    at = Round(clickhouse, [Job("bad", 300, fails)])
    at.go(NOON)

    assert at.go(NOON + 300) == at.go(NOON + 301) == []
    assert tried == ["demo", "other"]
    at.go(NOON + 300 + RETRY_SECONDS)
    assert tried == ["demo", "other", "demo", "other"]


async def test_told_to_stop_the_job_under_way_is_done_and_no_other(clickhouse: ClickHouseSettings) -> None:
    begun: list[tuple[str, str]] = []

    def told_to_stop(_: ClickHouseSettings, shop: str) -> None:
        begun.append((shop, "first"))
        os.kill(os.getpid(), signal.SIGTERM)
        assert over.wait(30), "SIGTERM was not heard"

    def second(_: ClickHouseSettings, shop: str) -> None:
        begun.append((shop, "second"))

    class Stopping(Round):
        def stop(self) -> None:
            super().stop()
            over.set()

    over = threading.Event()
    at = Stopping(clickhouse, [Job("first", 1, told_to_stop), Job("second", 1, second)])
    at.go(time.time() - 3600)  # jobs of which nobody knows when they were done wait first

    async with asyncio.timeout(60):
        await serve(at)

    assert begun == [("demo", "first")]


def _built(clickhouse: ClickHouseSettings) -> list[float]:
    client = connect(clickhouse)
    rows = client.query("SELECT generation / 1000 FROM recommendation_generations FINAL WHERE model = 'popular'")
    client.close()
    return [row[0] for row in rows.result_rows]
