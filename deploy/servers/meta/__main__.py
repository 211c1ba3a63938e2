"""
Run the stand-in of Meta's Graph API.

    META_STANDIN_TOKEN=… python -m deploy.servers.meta --port 0 [--state FILE]

One line of JSON on stdout says where it listens: `{"address":"http://127.0.0.1:40123","host":…,"port":…,"pid":…}`.
"""

import os
import socket
import sys
from pathlib import Path

import click
import orjson
import uvicorn
from pydantic import BaseModel, ConfigDict, SecretStr

from deploy.servers.meta.access import Access
from deploy.servers.meta.app import create_app
from deploy.servers.meta.catalog.journal import CatalogJournal
from deploy.servers.meta.journal import Journal
from deploy.servers.meta.protocol import AbortableProtocol
from deploy.servers.meta.received import DEFAULT_MAX_EVENTS, Received
from deploy.servers.meta.standin import StandIn


class Options(BaseModel):
    """The command line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int
    tokens: tuple[SecretStr, ...]
    pixels: tuple[str, ...]
    catalogs: tuple[str, ...]
    state: Path | None
    max_events: int


class AnnouncingServer(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then write the address to stdout."""
        await super().startup(sockets)
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            address = {"address": f"http://{host}:{port}", "host": host, "port": port, "pid": os.getpid()}
            sys.stdout.write(orjson.dumps(address).decode() + "\n")
            sys.stdout.flush()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--token", "tokens", multiple=True, envvar="META_STANDIN_TOKEN", help="An access token to accept.")
@click.option("--pixel", "pixels", multiple=True, help="A pixel id that exists; any does when none is named.")
@click.option("--catalog", "catalogs", multiple=True, help="A catalog id that exists; any does when none is named.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep what arrives in this file, and one beside it.",
)
@click.option(
    "--max-events",
    type=click.IntRange(min=1),
    default=DEFAULT_MAX_EVENTS,
    show_default=True,
    help="Events kept in memory.",
)
def main(**given: object) -> None:
    """Run a stand-in of Meta's Graph API, for demo and tests."""
    options = Options.model_validate(given)
    if not options.tokens:
        click.echo("No token is accepted until POST /_configure names one (or set META_STANDIN_TOKEN).", err=True)
    config = uvicorn.Config(
        create_app(_standin(options)),
        http=AbortableProtocol,
        access_log=False,  # a request line may hold the token
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    listening = socket.create_server((options.host, options.port), backlog=512)
    AnnouncingServer(config).run(sockets=[listening])


def _standin(options: Options) -> StandIn:
    tokens = [token.get_secret_value() for token in options.tokens]
    return StandIn(
        Access.opened_to(tokens, options.pixels, options.catalogs),
        Received(options.max_events),
        journal=Journal(options.state) if options.state else None,
        catalog_journal=CatalogJournal(options.state.with_suffix(".catalogs")) if options.state else None,
    )


if __name__ == "__main__":
    main()
