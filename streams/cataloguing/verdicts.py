"""What becomes of each item of a batch, from what Meta says of the batch; pure."""

import re
from typing import Final

from connectors.meta.catalog.answers import Problem, Progress
from connectors.meta.catalog.reasons import of_message, suggestion
from streams.cataloguing.receipts import DELETED, Order, Verdict

AGAIN: Final = "again"
"""The status of an item that is to be sent once more: what kept it back may pass."""
UNKNOWN_ITEM: Final = "unknown_item"

_PASSING_REASONS: Final = frozenset({"throttled", "not_fetched"})
_PASSING: Final = re.compile(r"temporar|try again|timed? ?out|internal error|unexpected error", re.IGNORECASE)
_NO_PROBLEM: Final = Problem()


def of_progress(order: Order, progress: Progress, attempts: int) -> Verdict:
    """Decide on *order*, sent in a batch that ended; *attempts* is how often an item is sent at most."""
    problem = progress.problems.get(order.item_id, _NO_PROBLEM)
    if progress.state == "failed":
        return _again(order, attempts, Verdict("rejected", "Meta gave the batch up", "refused", suggestion("refused")))
    if problem.errors or order.item_id in progress.invalid:
        return of_errors(order, problem, attempts)
    if not progress.names_all:
        return _again(order, attempts, Verdict("rejected", "Meta did not say which items it refused", "refused"))
    return Verdict(DELETED if order.method == "DELETE" else "accepted", warnings=problem.warnings)


def of_errors(order: Order, problem: Problem, attempts: int) -> Verdict:
    """Decide on *order*, that Meta found fault with."""
    message = "; ".join(problem.errors) or "Meta named it invalid and said no more"
    nameless = message.replace(f"item {order.item_id} ", "item ")  # an id may hold any word
    reason, advice = of_message(nameless)
    if order.method == "DELETE" and reason == UNKNOWN_ITEM:
        return Verdict(DELETED, warnings=problem.errors)
    refused = Verdict("rejected", message, reason, advice, problem.warnings)
    if reason in _PASSING_REASONS or _PASSING.search(nameless):
        return _again(order, attempts, refused)
    return refused


def _again(order: Order, attempts: int, last: Verdict) -> Verdict:
    return Verdict(AGAIN, last.message, last.reason) if order.attempts < attempts else last
