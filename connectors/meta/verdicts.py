"""What to do with a batch that Meta did not take; pure."""

from typing import Literal

from connectors.meta.circuits import Patience
from connectors.meta.failures import Failure, RefuseReason, refuse_reason
from connectors.meta.parcels import Batch

Verdict = Literal["refuse", "split", "again"]

_TOO_LARGE = 413


def verdict(batch: Batch, failure: Failure, patience: Patience) -> Verdict:
    """Decide by the *failure* and by how stubborn the *batch* has been.

    Bisecting costs at most 1 + 2 k log2(n) requests for k bad events of n, rounded up.
    """
    alone = len(batch.parcels) == 1
    if failure.kind == "permanent":
        return "refuse" if alone else "split"
    if failure.kind == "split":
        if not alone:
            return "split"
        return "refuse" if failure.http_status == _TOO_LARGE or batch.stubborn >= patience.stubborn_event else "again"
    if failure.kind == "transient":
        if alone:
            return "refuse" if batch.stubborn >= patience.stubborn_event else "again"
        return "split" if batch.stubborn >= patience.stubborn_batch else "again"
    return "again"  # throttled, refusing, or the token: nothing is wrong with the events


def reason_of(failure: Failure) -> RefuseReason:
    """Name why an event was refused after *failure*."""
    return "kept_failing" if failure.kind in ("transient", "split") else refuse_reason(failure)
