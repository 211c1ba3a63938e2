"""The demo, start to end: make the days, send them, wait until all is worked through, compare, report."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Final, NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analytics.recommending.building import build
from analytics.recommending.models import Model
from deploy.commands.output import errors
from deploy.demo import banner
from deploy.demo.asking import asking
from deploy.demo.catalogue import a_catalogue
from deploy.demo.days import DAY, shop_days, shop_opening
from deploy.demo.outcome import compare
from deploy.demo.report import print_closing, print_experiment, print_report
from deploy.demo.sections import asking_questions
from deploy.demo.sending import Door, Sent, send_all
from deploy.demo.settling import settled
from deploy.demo.visits import Sending
from schemas.settings import ClickHouseSettings, KafkaSettings, settings_in

SHOP: Final = "demo"
EVENTS_PER_SHOPPER: Final = 10.7
"""Measured over seeds; how many shoppers make about so many events."""
SETTLE_SECONDS: Final = 120.0
DEMO_MODELS: Final[tuple[Model, ...]] = ("bought_together",)


class Plan(NamedTuple):
    """How much to send, how fast (requests a second, None: as fast as taken), from which seed, and how to go on."""

    events: int
    rate: float | None
    seed: int
    hint: str


async def run_demo(plan: Plan, environment: Mapping[str, str], addresses: Mapping[str, str], began: float) -> bool:
    """Run it against the stack at *addresses*; True when nothing is lost, doubled or still unsettled."""
    opening, days = _make(plan)
    await asyncio.to_thread(banner.begin, settings_in(environment, ClickHouseSettings))
    sent = Sent()
    door = Door(
        addresses["Ingest"],
        write_key="wk_demo",
        domain="demo-shop.myshopify.com",
        webhook_secret=environment["DEMO_SHOPIFY_SECRET"],
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        refresh_per_second=4,
    ) as progress:
        try:
            for title, sendings, rate in (("opening the shop", opening, None), ("shoppers' days", days, plan.rate)):
                task = progress.add_task(title, total=len(sendings))
                await send_all(door, sendings, sent, rate=rate, on_sent=lambda task=task: progress.advance(task))  # type: ignore[misc]
        finally:
            await door.close()
        return await _report(progress, environment, addresses, sent, plan.hint, began=began)


def _make(plan: Plan) -> tuple[list[Sending], list[Sending]]:
    rng, now = random.Random(plan.seed), int(time.time() * 1000)  # noqa: S311 - a story, not a secret
    catalogue = a_catalogue(rng)
    shoppers = max(1, round(plan.events / EVENTS_PER_SHOPPER))
    return shop_opening(catalogue, now - 4 * DAY), shop_days(rng, catalogue, now, shoppers=shoppers)


async def _report(
    progress: Progress,
    environment: Mapping[str, str],
    addresses: Mapping[str, str],
    sent: Sent,
    hint: str,
    *,
    began: float,
) -> bool:
    kafka, clickhouse = settings_in(environment, KafkaSettings), settings_in(environment, ClickHouseSettings)
    with asking(clickhouse) as ask:
        task = progress.add_task("working it through", total=None)
        quiet = await settled(
            kafka,
            ask,
            SHOP,
            timeout_seconds=SETTLE_SECONDS,
            on_lag=lambda behind: progress.update(task, description=f"working it through ({behind} records to go)"),
        )
        progress.update(task, total=1, completed=1, description="worked through")
        progress.stop()
        outcome = await asyncio.to_thread(compare, ask, SHOP, sent)
        await asyncio.to_thread(build, clickhouse, SHOP, DEMO_MODELS)
        print_report(ask, asking_questions(clickhouse, SHOP), SHOP, sent)
        readings = await asyncio.to_thread(banner.read, clickhouse)
        print_experiment(next(iter(readings), None), banner.QUESTION)
        print_closing(outcome, addresses, hint, time.monotonic() - began)
    if not quiet:
        errors.print(f"[red]not everything was worked through within {SETTLE_SECONDS:.0f} s[/red]")
    return quiet and outcome.lost == 0 and outcome.duplicated == 0
