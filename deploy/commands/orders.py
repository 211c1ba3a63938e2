"""`storestream orders reconcile`: which orders lack a half, were not sent or not accepted, and their money."""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import click
import orjson

from analytics.ledger import Problem, problems
from analytics.lookups import look_up
from deploy.commands.output import console, print_table, say

COLUMNS: Final = (
    *("order_id", "ordered_at", "status", "match", "value", "currency", "missing", "reasons"),
    *("seen_in_webhook_at", "seen_in_pixel_at", "in_orders", "in_events", "sent_at", "accepted_at", "destinations"),
)
_SHOWN: Final = COLUMNS[:8]


@click.group()
def command() -> None:
    """Compare what the webhook, the pixel, ClickHouse and Meta know of orders."""


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--days", type=click.IntRange(1, 36500), default=7, show_default=True, help="Days back from now.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="A table with sums for people; the orders alone for machines.",
)
def reconcile(shop: str, days: int, form: str) -> None:
    """List the orders of which something is missing: halves, receipts, acceptance."""
    rows = look_up("orders_incomplete", shop=shop, days=days)
    _PRINTERS[form](rows)
    if form == "table" and not rows:
        (counted,) = look_up("orders_counted", shop=shop, days=days)
        orders = counted["orders"]
        complete = f"every order of {shop} in {days} days is complete: {orders}"
        say(complete if orders else f"no order of {shop} is known in {days} days")


def _print_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    print_table([{name: _cell(row[name]) for name in _SHOWN} for row in rows], _SHOWN)
    console.print()
    print_table([_summed(each) for each in problems(rows)], Problem._fields)


def _summed(problem: Problem) -> dict[str, Any]:
    return problem._asdict() | {"money": _money(problem.money)}


def _money(money: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount:,.2f} {currency}" for currency, amount in money.items())


def _cell(value: object) -> object:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,.2f}" if isinstance(value, Decimal) else value


def _print_csv(rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    for row in rows:
        told = row | {"destinations": [f"{name}: {fate}" for name, fate in row["destinations"].items()]}
        writer.writerow([_plain(told[name]) for name in COLUMNS])


def _plain(value: object) -> object:
    return " | ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        click.echo(orjson.dumps({name: row[name] for name in COLUMNS}, default=str))


_PRINTERS: Final[dict[str, Callable[[list[dict[str, Any]]], None]]] = {
    "table": _print_table,
    "csv": _print_csv,
    "json": _print_json,
}
