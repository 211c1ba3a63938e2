"""`storestream retention plan|apply FILE`: how long ClickHouse keeps rows, by table and shop."""

from pathlib import Path

import click
import yaml

from analytics import retention
from analytics.retention import Change
from deploy.commands.output import console, print_table
from schemas.settings import ClickHouseSettings, settings

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def command() -> None:
    """Say how long ClickHouse keeps rows, by table and shop."""


@command.command()
@_FILE
def plan(file: Path) -> None:
    """Show what FILE (YAML) would change."""
    _changes(file)


@command.command()
@_FILE
@click.confirmation_option(prompt="Rows that are older will be deleted. Go on?")
def apply(file: Path) -> None:
    """Change it; ClickHouse deletes what is older in the background."""
    if changes := _changes(file):
        retention.apply(changes, settings(ClickHouseSettings))
        console.print("applied")


def _changes(file: Path) -> list[Change]:
    try:
        periods = retention.parse(yaml.safe_load(file.read_text()))
    except yaml.YAMLError as exc:
        raise click.ClickException(f"{file.name}: no YAML ({type(exc).__name__})") from None
    changes = retention.plan(periods, settings(ClickHouseSettings))
    rows = [{"table": each.table, "now": each.now or "for ever", "then": each.wanted or "for ever"} for each in changes]
    if rows:
        print_table(rows, ("table", "now", "then"))
    else:
        console.print("nothing to change")
    return changes
