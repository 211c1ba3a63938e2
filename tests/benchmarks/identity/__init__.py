"""How right stitching is about who is who: labelled journeys, and two other ways to tell people apart beside it."""

from tests.benchmarks.identity.measuring import main

__all__ = ["main"]
