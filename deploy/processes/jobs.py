"""The process `jobs`: what is to be done again and again for every shop, from what the archive holds in ClickHouse.

    python -m deploy.processes.jobs    # until SIGTERM; JOBS_PROFILES_SECONDS and the like: how often, 0: never

One process does for all shops; two would do the same work twice and harm nothing. What fails is tried again. When
recommendations were built last stands in ClickHouse, so a restart does not build them anew.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Final, NamedTuple

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from analytics.recommending.building import build
from analytics.recommending.models import MODELS, Model
from analytics.recommending.profiles import refresh_profiles
from analytics.squashing import squash
from connectors.clickhouse.client import connect, errors_translated
from deploy.processes.serving import event_loop, until_told_to_stop
from schemas.errors import StorestreamError
from schemas.settings import ClickHouseSettings, JobsSettings, settings
from streams import logs
from streams.listening import listen_for_metrics

LOOK_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 60.0
FIRST_SECONDS: Final = 600.0
"""After so long, or sooner, a job is done first: a shop that has just opened has little to count."""
POPULAR: Final[tuple[Model, ...]] = ("popular", "popular_in_category")

DONE: Final = Counter("jobs_done", "Jobs done or failed.", ("job", "outcome"), registry=None)
SECONDS: Final = Gauge(
    "jobs_last_seconds", "How long a job took when it was done last.", ("job", "shop"), registry=None
)

log = structlog.get_logger()


class Job(NamedTuple):
    """Something to do for a shop every so many seconds. *model*: whose last build tells when it was done last."""

    name: str
    every_seconds: float
    run: Callable[[ClickHouseSettings, str], object]
    model: Model | None = None


def jobs(how_often: JobsSettings) -> list[Job]:
    """List what is to be done; what is done never is not among it."""
    listed = [
        Job("profiles", how_often.profiles_seconds, refresh_profiles),
        Job("popular", how_often.popular_seconds, lambda where, shop: build(where, shop, POPULAR), "popular"),
        Job("models", how_often.models_seconds, lambda where, shop: build(where, shop, MODELS), "viewed_together"),
        Job("squash", how_often.squash_seconds, lambda where, shop: squash(shop, datetime.now(UTC).date(), where)),
    ]
    return [job for job in listed if job.every_seconds > 0]


class Round:
    """Does what is due. Times are seconds since 1970."""

    def __init__(self, clickhouse: ClickHouseSettings, listed: list[Job]) -> None:
        """Take where the work is; nothing was done yet."""
        self._clickhouse, self._jobs = clickhouse, listed
        self._due: dict[tuple[str, str], float] = {}
        self._is_over = False

    def stop(self) -> None:
        """Begin no job any more; may be called while one is under way."""
        self._is_over = True

    def go(self, now: float) -> list[tuple[str, str]]:
        """Do all that is due at *now*, and return which jobs of which shops were done.

        Raises:
            TransientError: ClickHouse does not answer at all.
        """
        with closing(connect(self._clickhouse)) as client, errors_translated():
            shops = [row[0] for row in client.query(_SHOPS).result_rows]
            built = {(shop, model): at / 1000 for shop, model, at in client.query(_BUILT).result_rows}
        each = ((shop, job) for shop in shops for job in self._jobs if not self._is_over)
        return [(shop, job.name) for shop, job in each if self._do(shop, job, now, built)]

    def _do(self, shop: str, job: Job, now: float, built: dict[tuple[str, str], float]) -> bool:
        last = built.get((shop, job.model or ""))
        first = now + min(job.every_seconds, FIRST_SECONDS) if last is None else last + job.every_seconds
        due = self._due.setdefault((shop, job.name), first)
        if now < due:
            return False
        began = time.monotonic()
        try:
            job.run(self._clickhouse, shop)
        except Exception as exc:  # one shop's rows must not keep the other shops waiting
            detail = str(exc) if isinstance(exc, StorestreamError) else ""  # others' texts may quote rows
            log.warning("job failed", job=job.name, shop=shop, error=type(exc).__name__, detail=detail)
            DONE.labels(job.name, "failed").inc()
            self._due[shop, job.name] = now + min(RETRY_SECONDS, job.every_seconds)
            return False
        self._due[shop, job.name] = now + job.every_seconds
        DONE.labels(job.name, "done").inc()
        SECONDS.labels(job.name, shop).set(took := round(time.monotonic() - began, 2))
        log.info("job done", job=job.name, shop=shop, seconds=took)
        return True


_SHOPS: Final = "SELECT DISTINCT shop_id FROM events WHERE occurred_at > now() - INTERVAL 30 DAY ORDER BY shop_id"
_BUILT: Final = "SELECT shop_id, model, generation FROM recommendation_generations FINAL"


async def serve(round_: Round) -> None:
    """Look every few seconds until SIGTERM or SIGINT; the job under way is finished first, and no other is begun."""
    stopped = until_told_to_stop()
    ending = asyncio.create_task(_stop(round_, stopped), name="stop jobs")
    while not stopped.is_set():
        try:
            await asyncio.to_thread(round_.go, time.time())
        except StorestreamError as exc:
            log.warning("jobs wait", error=type(exc).__name__, detail=str(exc))
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await stopped.wait()
        except TimeoutError:
            continue
    await ending


async def _stop(round_: Round, stopped: asyncio.Event) -> None:
    await stopped.wait()
    round_.stop()


def main() -> None:
    """Run the process."""
    logs.configure("jobs")
    how_often = settings(JobsSettings)
    round_ = Round(settings(ClickHouseSettings), jobs(how_often))
    if how_often.metrics_port:
        registry = CollectorRegistry()
        for collector in (DONE, SECONDS):
            registry.register(collector)
        listen_for_metrics("JOBS_METRICS_PORT", how_often.metrics_port, registry)
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(serve(round_))


if __name__ == "__main__":
    main()
