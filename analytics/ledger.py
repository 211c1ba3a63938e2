"""Sums up what is missing of orders: rows of `order_ledger` come in, one line for each kind of trouble goes out. Pure.

`storestream orders reconcile` prints it.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

Row = Mapping[str, Any]


class Problem(NamedTuple):
    """One kind of trouble: how many *orders* have it, and their *money* by currency."""

    problem: str
    orders: int
    money: dict[str, Decimal]


def _lacks(what: str) -> Callable[[Row], bool]:
    return lambda row: what in row["missing"]


def _has(fate: str) -> Callable[[Row], bool]:
    return lambda row: fate in row["destinations"].values()


# A held order waits for its other half: what it lacks is not trouble yet.
_TROUBLE: Final[dict[str, Callable[[Row], bool]]] = {
    "webhook never seen": _lacks("webhook"),
    "pixel never seen": _lacks("pixel"),
    "not in orders": _lacks("order"),
    "purchase not in events": _lacks("purchase"),
    "unsent: no destination answered": _lacks("receipt"),
    "refused by a destination": _has("refused"),
    "skipped for a destination": _has("skipped"),
}


def problems(rows: Iterable[Row]) -> list[Problem]:
    """Count the orders of each kind of trouble, and their money; an order may have several kinds."""
    every = list(rows)
    held = [row for row in every if row["match"] == "held"]
    rest = [row for row in every if row["match"] != "held"]
    found = [_problem(name, [row for row in rest if troubled(row)]) for name, troubled in _TROUBLE.items()]
    return [each for each in [_problem("held: waits for its other half", held), *found] if each.orders]


def _problem(name: str, rows: list[Row]) -> Problem:
    money: dict[str, Decimal] = {}
    for row in rows:
        if row["value"] is not None:
            money[row["currency"]] = money.get(row["currency"], Decimal(0)) + row["value"]
    return Problem(name, len(rows), dict(sorted(money.items())))
