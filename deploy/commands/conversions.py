"""`storestream conversions status|explain`: what was sent to Meta, what was not, and why."""

from typing import Any

import click

from analytics.lookups import look_up
from analytics.questions import query
from connectors.meta.mapping import META_NAMES
from deploy.commands.output import console, print_table


@click.group()
def command() -> None:
    """Show what became of conversions: all of a shop, or one event."""


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--days", type=click.IntRange(min=0), default=7, show_default=True, help="Days back from now.")
def status(shop: str, days: int) -> None:
    """Count a shop's conversions by destination, event, status and reason."""
    answer = query("conversions_by_status", shop=shop, days=days)
    print_table([dict(zip(answer.columns, row, strict=True)) for row in answer.rows], answer.columns)
    if not answer.rows:
        console.print(f"no conversions of {shop} in {days} days")


@command.command()
@click.argument("event_id")
def explain(event_id: str) -> None:
    """Tell what became of one event: who received it, or why nobody did."""
    events, receipts = look_up("event", event_id=event_id), look_up("conversions_of_event", event_id=event_id)
    for row in events + receipts:
        _print_fields(row)
        console.print()
    if not receipts:
        console.print(_why_no_receipt(events))


def _why_no_receipt(events: list[dict[str, Any]]) -> str:
    if not events:
        return "no such event: neither ClickHouse's events nor its conversions know the id"
    names = {event["name"] for event in events if event["kind"] == "standard"} & META_NAMES.keys()
    if not names:
        return f"Meta is not told of {events[0]['name']} ({events[0]['kind']}): only of {', '.join(META_NAMES)}"
    return "no receipt yet: it waits for its turn, its destination is paused, or the shop has none"


def _print_fields(row: dict[str, Any]) -> None:
    width = max(map(len, row))
    for name, value in row.items():
        if value not in (None, ""):
            told = ", ".join(value) if isinstance(value, list | tuple) else value
            console.print(f"{name:<{width}}  {told}")
