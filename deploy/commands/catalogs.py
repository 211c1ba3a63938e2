"""`storestream catalogs status|history|sync|retry|stop`: catalogs at Meta."""

import click

from deploy.commands import catalog_runs


@click.group()
def command() -> None:
    """Follow what becomes of a shop's catalogs at Meta, and have them synced."""


for each in catalog_runs.COMMANDS:
    command.add_command(each)
