"""`storestream catalogs preview|validate|clone|status|history|sync|retry|stop|feed`: catalogs at Meta."""

import click

from deploy.commands import catalog_feeds, catalog_previews, catalog_runs


@click.group()
def command() -> None:
    """See what a shop's catalogs at Meta would be, follow what becomes of them, and have them synced."""


for each in (*catalog_previews.COMMANDS, *catalog_runs.COMMANDS, catalog_feeds.feed):
    command.add_command(each)
