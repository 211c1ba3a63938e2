"""`make bench`: every benchmark, or those named: `python -m tests.benchmarks ingest stitch`.

Others are longer and run only when named: catalog, catalog_tables, identities, identity, questions, recommendations,
recommendation_speed, recovery.
Each prints its figures beside a bare loop or a peer in the same run. Machines are noisy: read the ratios.
"""

import importlib
import os
import sys

BENCHMARKS = ("ingest", "stitch", "archive", "forward", "faust_overhead", "end_to_end", "questions")


def main() -> None:
    """Run them one after the other."""
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    wanted, sys.argv = sys.argv[1:] or list(BENCHMARKS), sys.argv[:1]
    for name in wanted:
        print(f"\n== {name}\n", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()


if __name__ == "__main__":
    main()
