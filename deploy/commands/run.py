"""`storestream run NAME`: one process, as the supervisor, compose and Kubernetes run it."""

import importlib
from typing import Final

import click

ENTRIES: Final = {
    "ingest": "deploy.processes.ingest",
    "stitch": "streams.stitch",
    "forward": "streams.forward",
    "archive": "streams.archive",
    "catalog": "streams.catalog",
    "api": "deploy.processes.api",
    "jobs": "deploy.processes.jobs",
}
"""Where the `main` of each process is; imported only when run, since importing a worker reads its settings."""


@click.command()
@click.argument("name", type=click.Choice(list(ENTRIES)))
def command(name: str) -> None:
    """Run one process until it is told to stop: ingest, stitch, forward, archive, catalog, api or jobs."""
    importlib.import_module(ENTRIES[name]).main()
