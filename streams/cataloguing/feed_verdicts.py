"""What Meta found in a feed, as the verdict on one item; pure."""

from collections.abc import Sequence
from datetime import datetime

from connectors.meta.feed.results import ItemProblem
from schemas.records import EpochMillis
from streams.cataloguing.receipts import DELETED, Order, Verdict


def verdict_of(order: Order, problems: Sequence[ItemProblem], *, names_all: bool) -> Verdict | None:
    """Decide on *order*; None where Meta did not say enough."""
    refused = [problem for problem in problems if problem.rejects]
    warnings = tuple(problem.message for problem in problems if not problem.rejects)
    if order.method == "DELETE":
        return Verdict(DELETED, warnings=warnings)
    if refused:
        message = "; ".join(problem.message for problem in refused)
        return Verdict("rejected", message, refused[0].reason, refused[0].suggestion, warnings)
    return Verdict("accepted", warnings=warnings) if names_all else None


def epoch_millis(text: str) -> EpochMillis | None:
    """Read a time as the Graph API writes it."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp() * 1000)
    except ValueError:
        return None
