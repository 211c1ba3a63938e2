"""`storestream migrate`: brings ClickHouse's tables to the newest version."""

import click

from analytics.migrate import migrate
from schemas.settings import ClickHouseSettings, settings


@click.command("migrate")
def command() -> None:
    """Create the database and apply every file of analytics/migrations that is not applied yet."""
    for name in migrate(settings(ClickHouseSettings)) or ["nothing to do"]:
        click.echo(name)
