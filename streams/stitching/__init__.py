"""Stitches one record of `events.received`, `orders.received` or `identities.linked`: bytes in, bytes out, no I/O.

    outcome = stitcher.stitch(source, visitors.get, checkouts.get)

`streams.stitch` sends what `Outcome` says to send, and then keeps what it says to keep.
"""

from streams.stitching.outcomes import Outcome, Source
from streams.stitching.stitcher import Stitcher

__all__ = ["Outcome", "Source", "Stitcher"]
