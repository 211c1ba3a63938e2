"""`storestream conversions status|waiting|quality|products|explain|test|replay`: what Meta was told or not, and why."""

import asyncio
import time
from typing import Any, Final

import click

from analytics.lookups import look_up
from analytics.questions import Answer, query
from connectors.kafka import registry
from connectors.meta.client import MetaClient
from connectors.meta.failures import REFUSE_REASONS, Accepted, Failure
from connectors.meta.validation import FOR_GOOD, SKIP_REASONS
from deploy.commands.output import console, print_table, say
from deploy.commands.shop_named import find_shop
from deploy.reaching import reached
from deploy.replaying import order_replay
from deploy.trials import EVENTS, a_trial
from deploy.unsent import unsent
from deploy.waiting import COLUMNS, what_waits
from schemas.errors import ConfigurationError, TransientError
from schemas.records import Destination, Shop
from schemas.settings import KafkaSettings, MetaSettings, RegistrySettings, settings
from streams.rules.conversions import decide

REASONS: Final = tuple(each for each in REFUSE_REASONS + SKIP_REASONS if each not in FOR_GOOD)


@click.group()
def command() -> None:
    """Show what became of conversions: all of a shop, or one event."""


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--days", type=click.IntRange(min=0), default=7, show_default=True, help="Days back from now.")
def status(shop: str, days: int) -> None:
    """Count a shop's conversions by destination, event, status and reason."""
    _print_answer(query("conversions_by_status", shop=shop, days=days), f"no conversions of {shop} in {days} days")


@command.command()
@click.option("--shop", required=True, help="The shop.")
def waiting(shop: str) -> None:
    """List what a shop's destinations have yet to get: they are down, or nobody told of consent."""
    if rows := asyncio.run(_waiting(shop)):
        print_table(rows, COLUMNS)
    else:
        say(f"nothing of {shop} waits")


async def _waiting(shop: str) -> list[dict[str, Any]]:
    kafka = await reached(settings(KafkaSettings))
    return await what_waits(kafka, await registry.codec(settings(RegistrySettings), kafka), shop)


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="Days back from now.")
def quality(shop: str, days: int) -> None:
    """Show by day and event how many carry what Meta matches people by, and of how many it knows the page's copy."""
    _print_answer(query("match_quality_by_day", shop=shop, days=days), f"no events of {shop} in {days} days")


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="Days back from now.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Most products shown.")
def products(shop: str, days: int, limit: int) -> None:
    """List the products of a shop's events that its catalog does not know or no longer sells, the most named first."""
    answer = query("unmatched_products", shop=shop, days=days, top=limit)
    _print_answer(answer, f"the catalog knows every product of {shop} in {days} days")


def _print_answer(answer: Answer, otherwise: str) -> None:
    if answer.rows:
        print_table([dict(zip(answer.columns, row, strict=True)) for row in answer.rows], answer.columns)
    else:
        say(otherwise)


@command.command()
@click.argument("event_id")
def explain(event_id: str) -> None:
    """Tell what became of one event: who received it, or why nobody did."""
    events, receipts = look_up("event", event_id=event_id), look_up("conversions_of_event", event_id=event_id)
    for row in events + receipts:
        _print_fields(row)
        console.print()
    if not events and not receipts:
        say("no such event: neither ClickHouse's events nor its conversions know the id")
    for event in events:
        decided = {row["destination"] for row in receipts if row["shop_id"] == event["shop_id"]}
        for line in unsent(event, decided, _shop_if_known(event["shop_id"])):
            say(line)


def _shop_if_known(shop_id: str) -> Shop | None:
    try:
        return asyncio.run(find_shop(shop_id))
    except (click.ClickException, TransientError, ConfigurationError):
        return None


def _print_fields(row: dict[str, Any]) -> None:
    width = max(map(len, row))
    for name, value in row.items():
        if value not in (None, ""):
            told = ", ".join(value) if isinstance(value, list | tuple) else value
            say(f"{name:<{width}}  {told}")


@command.command()
@click.option("--shop", "shop_id", required=True, help="The shop.")
@click.option("--destination", "name", help="Its destination; needed if it has several.")
@click.option(
    "--event",
    default="purchase",
    show_default=True,
    help=f"What happened: {', '.join(EVENTS)}, or an event that the destination's custom_events name.",
)
@click.option("--product", "product_id", help="A product or variant of the shop's catalog, as ClickHouse knows it.")
@click.option("--code", help="The code of Meta's Test Events, else the destination's own; without one nothing is sent.")
@click.option("--for-real", is_flag=True, help="Send it without a code too: Meta counts it, and shows it nowhere.")
def test(shop_id: str, name: str | None, event: str, product_id: str | None, code: str | None, for_real: bool) -> None:
    """Make an event up and show it as Meta would see it; with a code, send it as a test event and show the answer."""
    shop = asyncio.run(find_shop(shop_id))
    destination = _destination(shop, name)
    if event not in (events := [*EVENTS, *destination["custom_events"]]):
        raise click.ClickException(
            f"{destination['name']} is not told of {event}: name an --event of {', '.join(events)}"
        )
    found = look_up("product", shop=shop_id, product_id=product_id) if product_id else []
    if product_id and not found:
        raise click.ClickException(f"the catalog of {shop_id} has no product or variant {product_id}")
    trial = a_trial(shop, event, found[0] if found else None, int(time.time() * 1000))
    decision = decide(trial, shop, destination | {"events": []}, time.time())
    if decision is None or decision.body is None:
        hint = "" if product_id else "; name a --product, so that it has a value"
        raise click.ClickException(f"it would be skipped: {decision and decision.skipped}{hint}")
    console.print_json(decision.body.decode())
    code = code or destination["test_event_code"]
    if code is None and not for_real:
        console.print("not sent: name the --code of Meta's Test Events, or send it --for-real")
        return
    answer = asyncio.run(_send(destination | {"test_event_code": code}, decision.body))
    _print_fields({"answer": type(answer).__name__.lower(), **answer._asdict()})
    if isinstance(answer, Failure):
        raise SystemExit(1)


@command.command()
@click.option("--shop", "shop_id", required=True, help="The shop.")
@click.option("--destination", "name", help="Its destination; needed if it has several.")
@click.option("--days", type=click.IntRange(1, 14), default=7, show_default=True, help="Days back from now.")
@click.option(
    "--reason",
    "reasons",
    type=click.Choice(REASONS),
    multiple=True,
    metavar="REASON",
    help="Only what was refused or skipped for this; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be sent.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(shop_id: str, name: str | None, days: int, reasons: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Send again what was refused or skipped, once its cause is gone; never after a no to marketing."""
    destination = _destination(asyncio.run(find_shop(shop_id)), name)["name"]
    rows = look_up("conversions_replayable", shop=shop_id, destination=destination, days=days, reasons=list(reasons))
    events = sum(row["events_to_send"] for row in rows)
    if rows:
        print_table(rows, list(rows[0]))
    console.print(f"{events} events would be sent again to {destination}; what is too old stays skipped")
    if dry_run or not events or not (yes or click.confirm("send them?")):
        return
    read = asyncio.run(_order((shop_id, destination), days, reasons))
    console.print(f"forward reads {read} records again and sends them; see `storestream conversions status`")


async def _order(route: tuple[str, str], days: int, reasons: tuple[str, ...]) -> int:
    kafka = settings(KafkaSettings)
    return await order_replay(kafka, await registry.codec(settings(RegistrySettings), kafka), route, days, reasons)


def _destination(shop: Shop, name: str | None) -> Destination:
    named = [each for each in shop["destinations"] if name in (None, each["name"])]
    if len(named) != 1:
        names = ", ".join(each["name"] for each in shop["destinations"]) or "none"
        raise click.ClickException(f"name one --destination of {shop['shop_id']}: {names}")
    return named[0]


async def _send(destination: Destination, body: bytes) -> Accepted | Failure:
    async with MetaClient(settings(MetaSettings)) as client:
        return await client.send(destination, [body])
