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
from deploy.demo import banner, merchant
from deploy.demo.asking import asking
from deploy.demo.catalogue import Product, a_catalogue
from deploy.demo.days import DAY, shop_days, shop_opening
from deploy.demo.outcome import compare
from deploy.demo.report import print_catalog, print_closing, print_experiment, print_report
from deploy.demo.sections import asking_questions
from deploy.demo.sending import Door, Sent, send_all
from deploy.demo.settling import settled, synced
from deploy.demo.visits import Sending
from schemas.settings import ClickHouseSettings, KafkaSettings, settings_in

SHOP: Final = "demo"
EVENTS_PER_SHOPPER: Final = 10.7
"""Measured over seeds; how many shoppers make about so many events."""
SETTLE_SECONDS: Final = 120.0
SYNC_SECONDS: Final = 20.0
"""How long Meta's last answers are waited for, when all else is done."""
DEMO_MODELS: Final[tuple[Model, ...]] = ("bought_together",)


class Plan(NamedTuple):
    """How much to send, how fast (requests a second, None: as fast as taken), from which seed, and how to go on."""

    events: int
    rate: float | None
    seed: int
    hint: str


class Done(NamedTuple):
    """What was *sent*, and the round of the *merchant* among it."""

    sent: Sent
    merchant: merchant.Round


async def run_demo(plan: Plan, environment: Mapping[str, str], addresses: Mapping[str, str], began: float) -> bool:
    """Run it against the stack at *addresses*; True when nothing is lost, doubled or still unsettled."""
    catalogue, opening, days = _make(plan)
    await merchant.refuse_pictures(addresses, catalogue)
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
            await _send(progress, door, "opening the shop", opening, sent, None)
            await _send(progress, door, "shoppers' days", days[: len(days) // 2], sent, plan.rate)
            changes, done = merchant.a_round(catalogue)
            await _send(progress, door, "the merchant's changes", changes, sent, None)
            await _send(progress, door, "more days", days[len(days) // 2 :], sent, plan.rate)
        finally:
            await door.close()
        return await _report(progress, environment, addresses, Done(sent, done), plan.hint, began=began)


async def _send(
    progress: Progress, door: Door, title: str, sendings: list[Sending], sent: Sent, rate: float | None
) -> None:
    task = progress.add_task(title, total=len(sendings))
    await send_all(door, sendings, sent, rate=rate, on_sent=lambda: progress.advance(task))


def _make(plan: Plan) -> tuple[list[Product], list[Sending], list[Sending]]:
    rng, now = random.Random(plan.seed), int(time.time() * 1000)  # noqa: S311 - a story, not a secret
    catalogue = a_catalogue(rng)
    shoppers = max(1, round(plan.events / EVENTS_PER_SHOPPER))
    return catalogue, shop_opening(catalogue, now - 4 * DAY), shop_days(rng, catalogue, now, shoppers=shoppers)


async def _report(
    progress: Progress,
    environment: Mapping[str, str],
    addresses: Mapping[str, str],
    done: Done,
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
        waiting = await synced(lambda: done.merchant.waiting(ask, SHOP), timeout_seconds=SYNC_SECONDS)
        progress.update(task, total=1, completed=1, description="worked through")
        progress.stop()
        ask_question = asking_questions(clickhouse, SHOP)
        outcome = await asyncio.to_thread(compare, ask, SHOP, done.sent)
        catalog = await asyncio.to_thread(merchant.outcome_of, ask_question, waiting)
        await asyncio.to_thread(build, clickhouse, SHOP, DEMO_MODELS)
        print_report(ask, ask_question, SHOP, done.sent)
        print_catalog(ask_question, catalog)
        readings = await asyncio.to_thread(banner.read, clickhouse)
        print_experiment(next(iter(readings), None), banner.QUESTION)
        print_closing(outcome, catalog, addresses, hint, time.monotonic() - began)
    if not quiet:
        errors.print(f"[red]not everything was worked through within {SETTLE_SECONDS:.0f} s[/red]")
    return quiet and outcome.lost == 0 and outcome.duplicated == 0
