"""The `storestream` command: `storestream --help` lists what it can do."""

import importlib
import logging
import os
import sys
from typing import Final, NoReturn

import click

from deploy import note
from schemas.errors import ConfigurationError, StorestreamError

# Imported only when called: `storestream query` must not wait for Faust.
COMMANDS: Final = {
    "demo": "Run a shop's days through the whole pipeline and report what came out.",
    "up": "Start everything and keep it running until Ctrl-C.",
    "run": "Run one process: ingest, stitch, forward, archive, catalog, api or jobs.",
    "topics": "Compare the declared topics with the cluster, and make what is missing.",
    "schemas": "Check the Avro schemas against every committed version, or lock a new one.",
    "shops": "Write shops' settings, or show them.",
    "products": "Bring products in from a CSV file or by hand, and show what is known of one.",
    "catalogs": "See what catalogs at Meta would be, follow what becomes of them, and have them synced.",
    "migrate": "Bring ClickHouse's tables to the newest version.",
    "replay": "Make ClickHouse's tables anew from Kafka beside the live ones, and switch over.",
    "retention": "Say how long ClickHouse keeps rows, by table and shop.",
    "query": "Ask one of the questions in analytics/queries.",
    "recommendations": "Build recommendations and profiles, and show what would be recommended.",
    "experiments": "Configure experiments, and read what came of them.",
    "rejected": "See what could not be used, repair it, and send it again.",
    "identities": "Tell why browsers are one person, and take apart what is not.",
    "orders": "Compare what the webhook, the pixel, ClickHouse and Meta know of orders.",
    "conversions": "Show what became of conversions: all of a shop, or one event.",
}

# These bring their own servers, or are brought up with the addresses of theirs.
SELF_CONTAINED: Final = frozenset({"demo", "up", "run", "schemas"})

# Either is in the environment, or `storestream up` has told it.
ADDRESSES: Final = ("KAFKA_BOOTSTRAP_SERVERS", "CLICKHOUSE_URL")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in SELF_CONTAINED:
            note.adopt()
        module = importlib.import_module(f"deploy.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConfigurationError as exc:
            missing = [name for name in ADDRESSES if name not in os.environ and name in str(exc)]
            if ctx.invoked_subcommand in SELF_CONTAINED or not missing:
                raise
            hint = f"no `storestream up` is ready in {note.usual_folder()}, whose servers would be used"
            raise ConfigurationError(f"{exc}; {hint}") from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands)
@click.version_option(package_name="storestream")
def storestream() -> None:
    """What a storefront's pixel and webhooks say becomes conversions, catalogs and answers."""


def main() -> None:
    """Run the command; what goes wrong on purpose is one line, not a traceback."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # else Python prints its warnings beside that line
    try:
        storestream(standalone_mode=True)
    except StorestreamError as exc:
        _end(str(exc))
    except Exception as exc:
        library = sys.modules.get("aiokafka.errors")  # most commands do not load it
        if library is None or not isinstance(exc, library.KafkaError):
            raise
        _end(f"Kafka does not do it: {type(exc).__name__}")


def _end(problem: str) -> NoReturn:
    click.echo(f"storestream: {problem}", err=True)
    raise SystemExit(1) from None


if __name__ == "__main__":
    main()
