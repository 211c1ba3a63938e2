"""`storestream catalogs status|history|sync|retry|stop`: how catalogs at Meta stand, and what to do with them now."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

import click

from analytics.catalog_states import State, states
from analytics.lookups import look_up
from analytics.questions import query
from connectors.kafka import registry
from connectors.kafka.sync_requests import publish, request_of
from deploy.commands.output import console, print_table, say
from deploy.commands.shop_named import find_shop
from schemas.catalog_records import SyncRequest
from schemas.records import Shop
from schemas.settings import KafkaSettings, RegistrySettings, settings

_JOB_COLUMNS: Final[tuple[str, ...]] = (
    *("started_at", "catalog", "kind", "trigger", "state", "done", "total", "calls", "accepted", "rejected"),
    *("deleted", "skipped", "orphans", "repaired", "success", "took_seconds", "failure", "detail", "next_at"),
)
_ITEM_COLUMNS: Final[tuple[str, ...]] = (
    *("told_at", "catalog", "method", "status", "reason", "message", "suggestion", "changed_at", "attempts"),
    *("failures", "job_id"),
)

_shop = click.option("--shop", "shop_id", required=True, help="The shop.")
_catalog = click.option("--catalog", "name", help="The catalog; needed where the shop has several.")


@click.command()
@_shop
@click.option("--catalog", "name", help="Only this one.")
def status(shop_id: str, name: str | None) -> None:
    """Tell of each catalog how its items stand, how the last runs went, and when the next comes."""
    shop = asyncio.run(find_shop(shop_id))
    found = [each for each in states(shop) if name in (None, each.name)]
    if not found:
        raise click.ClickException(f"{shop_id} has no catalog{f' {name}' if name else ''}")
    for each in found:
        _print_state(each, datetime.now(UTC))


@click.command()
@_shop
@click.option("--catalog", default="*", show_default=True, help="Only this one.")
@click.option("--item", help="What became of one item instead, by its id at Meta.")
@click.option("--days", type=click.IntRange(1, 20_000), default=30, show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
def history(shop_id: str, catalog: str, item: str | None, days: int, limit: int) -> None:
    """List the runs over a shop's catalogs, or with --item every receipt of one item; the latest first."""
    if item is not None:
        rows = look_up("item_history", shop=shop_id, catalog=catalog, item_id=item, top=limit)
    else:
        answer = query("catalog_jobs", shop=shop_id, catalog=catalog, days=days, top=limit)
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    print_table([row | _times(row) for row in rows], _ITEM_COLUMNS if item is not None else _JOB_COLUMNS)
    if not rows:
        say(f"nothing is known of {item or 'any run'} at {shop_id}")


@click.command()
@_shop
@_catalog
@click.option(
    "--reconcile", is_flag=True, help="Only compare with what Meta has; unchanged products are not looked at."
)
def sync(shop_id: str, name: str | None, reconcile: bool) -> None:
    """Look through all products and all that Meta has: send what differs, remove orphans, repair drift."""
    _request(shop_id, name, "reconcile" if reconcile else "full")


@click.command()
@_shop
@_catalog
@click.option("--item", "items", multiple=True, help="An item's id at Meta; may be given again. Else all rejected.")
def retry(shop_id: str, name: str | None, items: tuple[str, ...]) -> None:
    """Send again what Meta rejected, although nothing of it has changed."""
    _request(shop_id, name, "retry", items)


@click.command()
@_shop
@_catalog
def stop(shop_id: str, name: str | None) -> None:
    """End the run that is under way; changes go on being sent."""
    _request(shop_id, name, "stop")


COMMANDS = (status, history, sync, retry, stop)


def catalog_named(shop: Shop, name: str | None) -> str:
    """Find the catalog *name*, or the only one there is. Raises `ClickException` naming those there are."""
    names = [each["name"] for each in shop["catalogs"]]
    if name in names:
        return str(name)
    if name is None and len(names) == 1:
        return names[0]
    raise click.ClickException(f"name one --catalog of {shop['shop_id']}: {', '.join(names) or 'it has none'}")


def _request(shop_id: str, name: str | None, kind: str, items: tuple[str, ...] = ()) -> None:
    catalog = catalog_named(asyncio.run(find_shop(shop_id)), name)
    request = request_of(shop_id, catalog, kind, item_ids=items, requested_at=int(time.time() * 1000))
    partition, offset = asyncio.run(_publish(request))
    console.print(
        f"{kind} of {catalog} requested: partition {partition}, offset {offset}; the catalog process takes it"
    )


async def _publish(request: SyncRequest) -> tuple[int, int]:
    kafka = settings(KafkaSettings)
    return await publish(kafka, await registry.codec(settings(RegistrySettings), kafka), request)


def _print_state(state: State, now: datetime) -> None:
    mark = ", primary" if state.primary else ""
    say(f"{state.name} ({state.catalog_id}, by {state.method}{mark})", style="bold")
    if state.stopped_at is not None:
        say(f"  stopped   {_ago(state.stopped_at, now)}: {state.stopped_why}", style="red")
    items = ", ".join(f"{count:,} {status}" for status, count in state.items.items() if count)
    console.print(f"  items     {items or 'none sent yet'}")
    if state.refused_thrice:
        console.print(f"  refused   {state.refused_thrice:,} three times in a row: storestream query items_rejected")
    if state.oldest_pending_at is not None:
        console.print(f"  waiting   for Meta's answer since {_ago(state.oldest_pending_at, now)}")
    for run in state.runs:
        say(f"  run       {_ago(run.started_at, now)}: {run}")
    planned = "planned when this one ends" if any(run.state == "running" for run in state.runs) else "not planned"
    console.print(f"  next run  {f'{state.next_at:%Y-%m-%d %H:%M} UTC' if state.next_at else planned}")


def _ago(at: datetime, now: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} seconds ago"


def _times(row: dict[str, object]) -> dict[str, str]:
    return {name: f"{value:%Y-%m-%d %H:%M:%S}" for name, value in row.items() if isinstance(value, datetime)}
