"""`storestream demo`: a shop's days through the public endpoints, and what came out.

Sends to the stack that `storestream up` runs in FOLDER, if one does; else runs one of its own, in a folder it removes.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import click

from deploy import note
from deploy.commands.output import errors
from deploy.demo.report import HINT_AFTERWARDS, hint_for
from deploy.demo.running import Plan, run_demo
from deploy.process import Status
from deploy.stack import plan_stack, prepare_outside
from deploy.supervisor import Supervisor


@click.command()
@click.option(
    "--events", type=click.IntRange(min=1), help="About how many events; default 22,000 (2,000 when up runs)."
)
@click.option("--rate", type=click.FloatRange(min=0.1), help="Requests a second; default: as fast as they are taken.")
@click.option("--seed", type=int, help="The same seed tells the same days; default 7 (by the clock when up runs).")
@click.option(
    "--folder",
    default=note.DEFAULT_FOLDER,
    envvar=note.FOLDER_VARIABLE,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the own stack's files here.")
def command(events: int | None, rate: float | None, seed: int | None, folder: Path, keep: Path | None) -> None:
    """Run a shop's days through the whole pipeline and report what came out; exit 1 if anything is lost or doubled."""
    began = time.monotonic()
    running = note.running(folder)
    if running is not None:
        plan = Plan(
            events or 2_000, rate, int(time.time()) if seed is None else seed, hint_for(running.addresses["ClickHouse"])
        )
        clean = asyncio.run(run_demo(plan, dict(os.environ) | running.environment, running.addresses, began))
    else:
        plan = Plan(events or 22_000, rate, 7 if seed is None else seed, HINT_AFTERWARDS)
        clean = _run_alone(plan, keep, began)
    raise SystemExit(0 if clean else 1)


def _run_alone(plan: Plan, keep: Path | None, began: float) -> bool:
    if keep is not None:
        return asyncio.run(_with_own_stack(plan, keep, began))
    with tempfile.TemporaryDirectory(prefix="storestream-demo-", ignore_cleanup_errors=True) as folder:
        return asyncio.run(_with_own_stack(plan, Path(folder), began))


async def _with_own_stack(plan: Plan, folder: Path, began: float) -> bool:
    errors.print("[dim]starting Kafka, ClickHouse, the stand-in of Meta and our processes[/dim]")
    stack = await asyncio.to_thread(plan_stack, folder, fixed_ports=False)
    await prepare_outside(stack)
    async with Supervisor(stack.processes, logs=stack.folder / "logs", changed=_tell) as supervisor:
        if not await supervisor.all_ready():
            return False
        errors.print(f"[dim]ready after {time.monotonic() - began:.1f} s[/dim]")
        demo = asyncio.create_task(run_demo(plan, stack.environment, stack.addresses, began))
        stopped = asyncio.create_task(supervisor.until_stopped())
        await asyncio.wait((demo, stopped), return_when=asyncio.FIRST_COMPLETED)
        if stopped.done() and not demo.done():
            demo.cancel()
            await asyncio.gather(demo, return_exceptions=True)
            stopped.result()
            return False
        stopped.cancel()
        return demo.result()


def _tell(status: Status) -> None:
    if status.state in ("restarting", "given up"):
        errors.print(f"[dim]{status}[/dim]")
