"""Kill and join workers under load: prints a line per run and a summary, and exits with 1 if anything was lost.

python -m tests.chaos [--runs 20] [--scenario kill] [--kind count|sink] [--seed 1] [--stock] [--stock-runs 4]
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from tests.chaos.load import Load
from tests.chaos.runs import Run
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.verdicts import Verdict
from tests.servers import kafka, used

HEAD = f"{'run':>3} {'faust':9} {'kind':5} {'scenario':8} {'seed':>6} " + " ".join(f"{f:>7}" for f in Verdict._fields)


def main() -> int:
    """Parse the options, run, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="runs with our corrections")
    parser.add_argument(
        "--stock-runs", type=int, default=4, help="runs after those without them, to see what they catch"
    )
    parser.add_argument("--scenario", choices=SCENARIOS, help="only this one")
    parser.add_argument("--kind", choices=["count", "sink"], help="only this kind of worker")
    parser.add_argument("--seed", type=int, default=random.randrange(100_000), help="seed of the first run")
    parser.add_argument("--events", type=int, default=12_000, help="events per run")
    parser.add_argument("--stock", action="store_true", help="all runs without the corrections")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of topics a moment too young
    with tempfile.TemporaryDirectory() as folder, kafka(Path(folder) / "kafka") as bootstrap_servers:
        print(*used(), sep="\n")
        return asyncio.run(_runs(options, bootstrap_servers, Path(tempfile.mkdtemp(prefix="chaos-"))))


async def _runs(options: argparse.Namespace, bootstrap_servers: str, folder: Path) -> int:
    print(f"logs in {folder}\n{HEAD}")
    corrected, stock = (0, options.runs) if options.stock else (options.runs, options.stock_runs)
    kinds = [options.kind] if options.kind else ["count", "sink", "count"]
    scenarios = [options.scenario] if options.scenario else list(SCENARIOS)
    choices = cycle([(kind, scenario) for kind in kinds for scenario in scenarios])
    stock_choices = cycle([("count", options.scenario or each) for each in ("storm", "term", "kill", "join")])
    began, seed = time.monotonic(), options.seed
    good = {"corrected": 0, "stock": 0}
    for number in range(corrected + stock):
        faust = "corrected" if number < corrected else "stock"
        kind, scenario = next(choices if faust == "corrected" or options.stock else stock_choices)
        place = folder / f"{folder.name}-{number}"
        place.mkdir()
        run = Run(bootstrap_servers, kind, scenario, seed + number, place, faust == "stock")
        verdict = await run.play(Load(seed + number, options.events))
        good[faust] += verdict.is_good
        figures = " ".join(f"{value:>7}" for value in verdict)
        mark = "" if verdict.is_good else "  <--"
        print(f"{number:>3} {faust:9} {kind:5} {scenario:8} {seed + number:>6} {figures}{mark}", flush=True)
    seconds = time.monotonic() - began
    print(
        f"corrected: {good['corrected']} of {corrected} good; stock: {good['stock']} of {stock} good; {seconds:.0f} s"
    )
    return 0 if good["corrected"] == corrected else 1


if __name__ == "__main__":
    sys.exit(main())
