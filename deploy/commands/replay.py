"""`storestream replay`: make ClickHouse's tables anew from Kafka beside the live ones, and switch over."""

import asyncio
from datetime import UTC, datetime

import click

from connectors.kafka import registry
from deploy.commands.output import console, print_table
from deploy.rebuilding import TABLES, Rebuilding, Rebuilt
from schemas.settings import ClickHouseSettings, KafkaSettings, RegistrySettings, settings


@click.command()
@click.option("--topic", required=True, type=click.Choice(list(TABLES)), help="What to read again.")
@click.option("--since", type=click.DateTime(), help="Read what Kafka got since then, UTC.  [default: all it has]")
@click.option("--table", "tables", multiple=True, help="Only this table; may be repeated.  [default: all of the topic]")
@click.option("--order-by", help="Another order key for the one --table, such as 'shop_id, event_id'.")
@click.option("--dry-run", is_flag=True, help="Compare, and leave the live tables as they are.")
def command(topic: str, since: datetime | None, tables: tuple[str, ...], order_by: str | None, dry_run: bool) -> None:
    """Make tables anew from Kafka beside the live ones, compare them row by row, and switch over.

    Readers and the archive go on meanwhile. Rows older than what is read are copied from the live table.
    """
    if order_by and len(tables) != 1:
        raise click.UsageError("--order-by changes one table: name it with --table")
    moment = None if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    done = asyncio.run(_rebuild(topic, tables or TABLES[topic], moment, order_by, switch=not dry_run))
    print_table([_line(each) for each in done], ("table", "records", "rows", "only_before", "only_now"))
    console.print("switched over" if not dry_run else "nothing was changed")


async def _rebuild(
    topic: str, tables: tuple[str, ...], since: int | None, order_by: str | None, *, switch: bool
) -> list[Rebuilt]:
    kafka = settings(KafkaSettings)
    codec = await registry.codec(settings(RegistrySettings), kafka)
    rebuilding = Rebuilding(kafka, settings(ClickHouseSettings), codec, topic)
    return await rebuilding.run(tables, since, switch=switch, order_by=order_by)


def _line(each: Rebuilt) -> dict[str, object]:
    difference = each.difference
    return {
        "table": each.table,
        "records": each.records,
        "rows": difference.rows,
        "only_before": difference.only_live,
        "only_now": difference.only_anew,
    }
