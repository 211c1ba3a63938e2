"""Forward killed over and over while Meta misbehaves: `python -m tests.chaos.conversions [--events N] [--kills K]`.

`make chaos` plays 5,000 events and three kills; the whole of it, 50,000 and ten, takes about ten minutes.

Three destinations of a stand-in that throttles, stalls, fails, resets connections after accepting, and refuses 1 % of
the events without saying which. The token of one is dead at first, and nobody may wait for it; it is killed too while
that one gets what it missed. In the end each event has one receipt, and Meta what it should have.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from deploy.servers.meta.behaviours import Refuse
from schemas.records import EnrichedEvent
from tests import servers
from tests.builders import a_shop
from tests.contract.meta_process import a_running_standin
from tests.forwarded import a_destination
from tests.integration.forward_stage import PARTITIONS, Stage, envelope, just_now, keys

DESTINATIONS = [a_destination(name=f"d{number}", pixel_id=str(number) * 3) for number in (1, 2, 3)]
DEAD = "333"
REFUSED_SHARE, SEED = 0.01, 3
SCRIPT: dict[str, Any] = {
    "latency_ms": 50,
    "throttle": {"rate": 0.03, "regain_minutes": 0, "retry_after_seconds": 1},
    "fail": {"rate": 0.05},
    "html_502": {"rate": 0.03},
    "reset_after_accept": {"rate": 0.05},
    "stall_seconds": {"seconds": 3, "rate": 0.01},
    "refuse": {"event_rate": REFUSED_SHARE, "seed": SEED},
}


@click.command()
@click.option("--events", "count", default=50_000, show_default=True, help="Events, each for three destinations.")
@click.option("--kills", default=10, show_default=True, help="How often the process is killed.")
def main(count: int, kills: int) -> None:
    """Run it and say what came of it; exit code 1 when anything is wrong."""
    with (
        tempfile.TemporaryDirectory() as name,
        servers.kafka(Path(name) / "kafka") as bootstrap,
        a_running_standin() as meta,
    ):
        wrong = asyncio.run(_run(Stage(bootstrap, meta, Path(name)), count, kills))
    raise SystemExit(1 if wrong else 0)


async def _run(stage: Stage, count: int, kills: int) -> list[str]:
    stage.env |= {"META_BATCH_SIZE": "1000", "META_LINGER_SECONDS": "0.2", "META_RETRY_SECONDS": "10"}
    await stage.prepare(a_shop(destinations=DESTINATIONS))
    stage.meta.post("/_behave", json=SCRIPT).raise_for_status()
    stage.meta.post("/_behave", json={"pixel_id": DEAD, "token_dead": True}).raise_for_status()
    events, dice, began = [just_now(event_id=f"sh-{number}") for number in range(count)], random.Random(1), time.time()
    await stage.say([(n // 100 % PARTITIONS, envelope(*events[n : n + 100])) for n in range(0, count, 100)])
    await _kill(stage, kills // 2, dice)
    with stage.start() as child:
        await stage.until_committed(seconds=3600)
        waited = time.time() - began
        child.kill()
    stage.meta.delete("/_behave").raise_for_status()
    stage.meta.post("/_behave", json=SCRIPT).raise_for_status()
    await _kill(stage, kills - kills // 2 - 1, dice)
    with stage.start():
        found = await stage.receipts(len(keys(events, DESTINATIONS)), seconds=3600)
    wrong = _wrong(stage, events, Counter(key for key, _ in found))
    statuses = Counter((receipt["status"], receipt["reason"]) for _, receipt in found)
    print(f"{len(found)} receipts in {time.time() - began:.0f} s after {kills} kills: {dict(statuses)}")
    print(f"everything of events.enriched was committed after {waited:.0f} s, while the token of {DEAD} was dead")
    print("; ".join(wrong) or "each event has one receipt, and Meta what it should have")
    return wrong


async def _kill(stage: Stage, times: int, dice: random.Random) -> None:
    for _ in range(times):
        with stage.start() as child:
            await asyncio.sleep(dice.uniform(4, 8))
            child.kill()


def _wrong(stage: Stage, events: list[EnrichedEvent], receipts: Counter[bytes]) -> list[str]:
    refusing = Refuse(event_rate=REFUSED_SHARE, seed=SEED)
    ids = {each["event"]["event_id"] for each in events}
    good = {each for each in ids if not refusing.refuses(event_name="ViewContent", event_id=each)}
    found = []
    if set(receipts) != keys(events, DESTINATIONS):
        found.append("receipts are missing, or of events nobody sent")
    if doubled := sum(count > 1 for count in receipts.values()):
        found.append(f"{doubled} events have several receipts")
    for destination in DESTINATIONS:
        if stage.taken(destination["pixel_id"]).keys() != good:
            found.append(f"{destination['name']} has other events than it should")
    return found


if __name__ == "__main__":
    main()
