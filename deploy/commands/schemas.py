"""`storestream schemas check|lock`: the contracts and their versions."""

import click

from deploy.commands.output import console, errors
from schemas import locking


@click.group()
def command() -> None:
    """Check the Avro schemas against every committed version, or lock a new version."""


@command.command()
def check() -> None:
    """Tell what would break a reader; exit 1 if anything would."""
    problems = locking.problems()
    for problem in problems:
        errors.print(problem)
    if problems:
        raise SystemExit(1)
    console.print(f"{len(locking.LOCKED_RECORDS)} schemas are locked and read every committed version")


@command.command()
def lock() -> None:
    """Give every changed schema a new version and id; refuse one that breaks its readers."""
    try:
        changed = locking.lock()
    except ValueError as exc:
        raise click.ClickException(str(exc)) from None
    console.print(f"locked: {', '.join(changed)}" if changed else "nothing has changed")
