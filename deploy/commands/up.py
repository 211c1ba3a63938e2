"""`storestream up`: every server and process on this machine, until Ctrl-C."""

import asyncio
import os
import shlex
from pathlib import Path

import click

from deploy import note
from deploy.commands.output import console, errors
from deploy.process import Status
from deploy.stack import Stack, plan_stack, prepare_outside
from deploy.supervisor import Supervisor


@click.command()
@click.option(
    "--folder",
    default=note.DEFAULT_FOLDER,
    envvar=note.FOLDER_VARIABLE,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
def command(folder: Path) -> None:
    """Start everything and keep it running until Ctrl-C.

    Servers whose addresses the environment gives (KAFKA_BOOTSTRAP_SERVERS, CLICKHOUSE_URL, SCHEMA_REGISTRY_URL,
    META_GRAPH_URL) are used, not started. Data and logs stay in FOLDER.
    """
    with note.alone(folder):
        asyncio.run(_run(plan_stack(folder, fixed_ports=True)))


async def _run(stack: Stack) -> None:
    await prepare_outside(stack)
    async with Supervisor(stack.processes, logs=stack.folder / "logs", changed=_tell) as supervisor:
        if await supervisor.all_ready():
            note.remember(stack.folder, stack.addresses, stack.environment)
            print_addresses(stack)
            console.print("\nCtrl-C stops everything. Try, in another terminal:\n")
            if stack.folder != note.usual_folder().absolute():
                console.print(f"    export {note.FOLDER_VARIABLE}={shlex.quote(str(stack.folder))}", markup=False)
            console.print("    storestream demo --events 2000 --rate 200")
            console.print("    storestream query funnel --shop demo --days 7\n")
            await supervisor.until_stopped()
        note.forget(stack.folder)
        console.print("stopping")
    stack.ended(supervisor)


def _tell(status: Status) -> None:
    if status.state in ("ready", "restarting", "given up"):
        errors.print(f"[dim]{status}[/dim]")


def print_addresses(stack: Stack) -> None:
    """Print where everything is."""
    for name, address in stack.addresses.items():
        console.print(f"  {name:<16} {address}")
    console.print(f"  {'Logs':<16} {os.path.relpath(stack.folder / 'logs')}")
