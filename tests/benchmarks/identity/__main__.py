"""Runs `tests.benchmarks.identity.measuring`."""

from tests.benchmarks.identity.measuring import main

main()
