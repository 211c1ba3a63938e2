"""The short form of `make chaos`, and what a worker does when it cannot go on."""

import asyncio
import json
from pathlib import Path

import pytest

from streams.failing import EX_SOFTWARE
from tests.chaos.crew import Crew
from tests.chaos.load import Load
from tests.chaos.runs import Run
from tests.chaos.workers import RECEIVED

pytestmark = pytest.mark.integration


def a_run(bootstrap_servers: str, folder: Path, kind: str = "count", scenario: str = "kill") -> Run:
    place = folder / f"chaos-{kind}-{scenario}-{folder.name}"
    place.mkdir()
    return Run(bootstrap_servers, kind, scenario, seed=4, folder=place)


@pytest.mark.parametrize(("kind", "scenario"), [("count", "kill"), ("count", "term"), ("sink", "both")])
async def test_nothing_is_lost_when_workers_come_and_go(
    kafka_bootstrap: str, tmp_path: Path, kind: str, scenario: str
) -> None:
    verdict = await a_run(kafka_bootstrap, tmp_path, kind, scenario).play(Load(seed=4, events=6_000))

    assert verdict.is_good, verdict


async def test_an_agent_that_raises_ends_its_process_and_the_event_comes_again(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    run, load = a_run(kafka_bootstrap, tmp_path, scenario="fail"), Load(seed=5, events=300)
    async with run.topics():
        (enough := asyncio.Event()).set()
        await load.send(kafka_bootstrap, run.prefix + RECEIVED, enough)
        (run.folder / "fail-once").touch()
        crew = Crew("count", run.folder, run.env(), run.members)
        try:
            crew.start()
            code = await asyncio.to_thread(crew.running.pop().wait, 60)
            crew.start()
            behind = await run.drained()
            await crew.stop_all()
        finally:
            crew.kill_all()
        verdict = await run.compare(load)
    log = (run.folder / "worker-1.log").read_text()
    last = json.loads(log.splitlines()[-1])

    assert code == EX_SOFTWARE
    assert (last["event"], last["agent"], last["error"]) == ("worker failed", "count", "ValueError")
    assert '"key"' not in log, "the log quotes what the agent failed on"
    assert verdict.is_good, verdict
    assert (behind, crew.unclean) == (0, [])


async def test_a_worker_that_cannot_reach_kafka_ends_with_70(tmp_path: Path) -> None:
    nowhere = Run("127.0.0.1:1", "count", "join", seed=0, folder=tmp_path)
    crew = Crew("count", tmp_path, nowhere.env(), nowhere.members)
    crew.start()
    try:
        code = await asyncio.to_thread(crew.running[0].wait, 60)
    finally:
        crew.kill_all()

    assert code == EX_SOFTWARE
