"""`storestream identities why|log|unlink|squash`: who is who and why, and what to do where that is wrong."""

import asyncio
import time
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import click

from analytics.evidence import known_of
from analytics.identities import UNLINK, story
from analytics.lookups import look_up
from analytics.squashing import squash as squash_events
from analytics.unlinking import REASONS, NotLinkedError, Proposal, proposal
from connectors.kafka import registry
from connectors.kafka.unlinking import publish
from deploy.commands.output import print_table, say
from schemas import identifiers
from schemas.records import Link
from schemas.settings import KafkaSettings, RegistrySettings, settings

_LOG_COLUMNS: Final = (
    *("received_at", "action", "reason", "identifier_type", "identifier", "customer_id"),
    *("checkout_token", "order_id", "event_id", "occurred_at"),
)


@click.group()
def command() -> None:
    """Tell why browsers are one person, and take apart what is not."""


@command.command()
@click.argument("identifier")
@click.option("--shop", default="", help="The shop; needed where several know the id.")
def why(identifier: str, shop: str) -> None:
    """Tell who IDENTIFIER is and why: a person, visitor, client, visit, customer, checkout, cart or order."""
    for line in story(known_of(identifier, shop)):
        say(line)


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--visitor", default="", help="Only of this browser.")
@click.option("--customer", default="", help="Only of this customer.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
def log(shop: str, visitor: str, customer: str, limit: int) -> None:
    """List the evidence that came last, with what was taken back."""
    rows = look_up("identity_log", shop=shop, visitor=visitor, customer=customer, limit=limit)
    print_table(rows, _LOG_COLUMNS)
    if not rows:
        say(f"no evidence at {shop}")


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--visitor", type=click.UUID, help="The browser, by its visitor id.")
@click.option("--client", help="The browser, by its client id.")
@click.option("--customer", required=True, help="The customer to take from it.")
@click.option("--reason", type=click.Choice(REASONS), default=UNLINK, show_default=True, help="Why, for the log.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def unlink(shop: str, visitor: UUID | None, client: str | None, customer: str, reason: str, dry_run: bool) -> None:
    """Take a customer from a browser: what was received until now no longer says it was theirs."""
    if (visitor is None) == (client is None):
        raise click.UsageError("name the browser by --visitor or by --client")
    visitor_id = str(visitor) if visitor else identifiers.visitor_id(shop, str(client))
    try:
        found = proposal(shop, visitor_id, customer)
    except NotLinkedError as exc:
        raise click.ClickException(str(exc)) from None
    _print_proposal(found)
    if dry_run:
        say("nothing was changed: --dry-run")
    else:
        record = found.record(reason)
        partition, offset = asyncio.run(_publish(record))
        say(f"unlinked: {record['link_id']} on partition {partition}, offset {offset}; stitch takes it next")


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="The first day not to touch (UTC).  [default: today]")
def squash(shop: str, before: datetime | None) -> None:
    """Write into events of days that are over whose they are, for queries without the join. Run it once a night."""
    day: date = (before or datetime.now(UTC)).date()
    begun = time.monotonic()
    browsers, events = squash_events(shop, day)
    say(f"{events} events of {browsers} browsers from before {day} written in {time.monotonic() - begun:.1f} s")


def _print_proposal(found: Proposal) -> None:
    whom = f"browser {found.device.client_id}, customer {found.customer_id}"
    told = found.told()
    say(f"{whom}: {len(told)} times seen")
    for occurred_at, sentence in told:
        say(f"    {occurred_at:%Y-%m-%d %H:%M:%S}  {sentence}")
    say(f"events that are this customer's: {found.events}, visits: {found.visits}")
    say(f"without it, {found.afterwards()}")


async def _publish(record: Link) -> tuple[int, int]:
    kafka = settings(KafkaSettings)
    return await publish(kafka, await registry.codec(settings(RegistrySettings), kafka), record)
