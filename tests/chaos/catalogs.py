"""A full sync killed over and over: nothing is missing at Meta, and no batch that was noted is sent again.

    python -m tests.chaos.catalogs --products 20000 --kills 2

Meta takes its time, throttles, fails and resets connections meanwhile. Exit code 1 when anything is wrong.
"""

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import click

from schemas.topics import PRODUCTS_SYNCED
from tests import servers
from tests.builders import NOON, a_shop
from tests.contract.meta_process import a_running_standin
from tests.integration.catalog_stage import CatalogStage, a_product, some_catalog

SCRIPT: Final[dict[str, Any]] = {
    "batch_delay_seconds": 1.0,
    "throttle": {"rate": 0.03, "regain_minutes": 0, "retry_after_seconds": 1, "edge": "items_batch"},
    "fail": {"rate": 0.05},
    "html_502": {"rate": 0.02},
}
DOUBTFUL: Final[dict[str, Any]] = {"reset_after_accept": {"rate": 0.1}}


@click.command()
@click.option("--products", "count", default=20_000, show_default=True, help="Products, one item each.")
@click.option("--kills", default=2, show_default=True, help="How often the process is killed in each run.")
@click.option("--batch", default=1000, show_default=True, help="Most items in one request.")
def main(count: int, kills: int, batch: int) -> None:
    """Run it and say what came of it; exit code 1 when anything is wrong."""
    with (
        tempfile.TemporaryDirectory() as name,
        servers.kafka(Path(name) / "kafka") as bootstrap,
        a_running_standin() as meta,
    ):
        wrong = asyncio.run(_run(CatalogStage(bootstrap, meta, Path(name)), count, kills, batch))
    raise SystemExit(1 if wrong else 0)


async def _run(stage: CatalogStage, count: int, kills: int, batch: int) -> list[str]:
    stage.env["CATALOG_BATCH_ITEMS"] = str(batch)
    await stage.prepare(a_shop(catalogs=[some_catalog()]))
    stage.behave(**SCRIPT)
    await publish(stage, count)
    wrong = await killed(stage, "first", count, kills)
    wrong += [f"first run: {each}" for each in await sent_again(stage)]
    stage.behave(**DOUBTFUL)
    request_id = await stage.request("full")
    wrong += await killed(stage, "command", count, kills)
    print(f"asked for as {request_id[:8]}; {len(await stage.read(PRODUCTS_SYNCED.name))} receipts were written in all")
    print("; ".join(wrong) or "Meta has every item, and no batch that was noted was sent again")
    await stage.close()
    return wrong


async def publish(stage: CatalogStage, count: int) -> None:
    """Have *count* products in force."""
    for start in range(0, count, 1000):
        numbers = range(start, min(start + 1000, count))
        await stage.change(*(a_product(number, at=NOON) for number in numbers))


async def killed(stage: CatalogStage, trigger: str, count: int, kills: int) -> list[str]:
    """Kill the process *kills* times at different points of the run, then let it end; returns what is wrong."""
    began = time.monotonic()
    for kill in range(kills):
        with stage.start() as child:
            wanted = count * (kill + 1) // (kills + 2)
            await stage.until_jobs(lambda jobs, wanted=wanted: _done(jobs, trigger) >= wanted, seconds=600)  # type: ignore[misc]
            child.kill()
    with stage.start() as child:
        jobs = await stage.until_jobs(lambda jobs: _is_over(jobs, trigger), seconds=900)
        child.kill()
    job, items = jobs["main|full"], stage.items()
    seconds = time.monotonic() - began
    print(
        f"{trigger} run of {count} items with {kills} kills: {job['state']} after {seconds:.0f} s, "
        f"{job['done']} of {job['total']}, {job['calls']} calls counted, at Meta {len(items)}; "
        f"{dict(stage.catalog()['calls'])}"
    )
    wrong = []
    if items.keys() != {f"v{number}" for number in range(count)}:
        wrong.append(f"{trigger} run: Meta has other items than the shop")
    if job["state"] != "finished" or job["done"] < count:
        wrong.append(f"{trigger} run: {job['state']}, {job['done']} of {job['total']}")
    return wrong


async def sent_again(stage: CatalogStage) -> list[str]:
    """Name the items that were sent again although the batch they had been in was noted."""
    receipts = [receipt for _, receipt in await stage.read(PRODUCTS_SYNCED.name) if receipt is not None]
    noted = {receipt["handle"] for receipt in receipts if receipt["handle"]}
    batches = sorted(stage.catalog()["batches"], key=lambda batch: batch["taken_at"])
    before: Counter[str] = Counter()
    for batch in batches:
        again = [item_id for item_id in batch["item_ids"] if before[item_id]]
        if again:
            return [f"{len(again)} items, such as {again[0]}, after their batch was noted"]
        before.update(batch["item_ids"] if batch["handle"] in noted else ())
    return []


def _done(jobs: dict[str, Any], trigger: str) -> int:
    job = jobs.get("main|full")
    return job["done"] if job is not None and job["trigger"] == trigger else 0


def _is_over(jobs: dict[str, Any], trigger: str) -> bool:
    job = jobs.get("main|full")
    return job is not None and job["trigger"] == trigger and job["state"] != "running"


if __name__ == "__main__":
    main()
