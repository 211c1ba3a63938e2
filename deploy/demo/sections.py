"""Which of the questions in `analytics/queries` the demo's report asks, and how it shows the answers."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from analytics.questions import query
from schemas.settings import ClickHouseSettings

Row = Mapping[str, Any]
AskQuestion = Callable[..., Sequence[Row]]
"""Asks a question by its name and parameters; rows come out as dictionaries."""


class Section(NamedTuple):
    """A table of the report: *columns* are those shown, each with its heading."""

    title: str
    question: str
    parameters: Mapping[str, object]
    columns: Mapping[str, str]
    shares: tuple[str, ...] = ()
    """Columns that are parts of 1, shown as of a hundred."""

    def line(self, row: Row) -> dict[str, object]:
        """Say *row* as it is shown."""
        return {
            heading: f"{row[name]:.1%}" if name in self.shares and row[name] is not None else shown(row[name])
            for name, heading in self.columns.items()
        }


SECTIONS: Final = (
    Section(
        "Where visits came from",
        "sessions_by_source",
        {"top": 6},
        {"source": "source", "medium": "medium", "sessions_begun": "visits", "bought": "bought", "revenue": "revenue"},
    ),
    Section(
        "Products most looked at",
        "top_products",
        {"top": 5},
        {
            "title": "product",
            "viewers": "viewers",
            "buyers": "buyers",
            "conversion": "bought",
            "conversion_at_least": "at least",
        },
        ("conversion", "conversion_at_least"),
    ),
    Section(
        "Products left in carts",
        "abandoned_products",
        {"top": 5},
        {"product_title": "product", "people_carting": "carts", "abandoned": "left", "lost": "lost"},
    ),
    Section(
        "Bought together",
        "bought_together",
        {"top": 5},
        {"product_title": "product", "other_title": "and", "orders_with_both": "orders", "lift_over_chance": "lift"},
    ),
    Section(
        "Conversions at Meta",
        "conversions_by_status",
        {},
        {"event_name": "event", "status": "status", "conversions_made": "events", "reason": "why"},
    ),
)

CATALOG_SECTIONS: Final = (
    Section(
        "Items Meta does not have as they are",
        "items_rejected",
        {"top": 5},
        {"title": "product", "item_id": "item", "status": "status", "reason": "why", "suggestion": "what to do"},
    ),
    Section(
        "What shoppers do with products that Meta does not have, or that are sold out",
        "rejected_products_value",
        {"top": 5},
        {"product_title": "product", "state": "state", "views": "views", "carts": "carts", "carted": "worth"},
    ),
)


def asking_questions(clickhouse: ClickHouseSettings, shop: str) -> AskQuestion:
    """Give a function that asks about *shop*. It raises as `analytics.questions.query`."""

    def ask(name: str, **parameters: object) -> list[Row]:
        answer = query(name, clickhouse, shop=shop, **parameters)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    return ask


def shown(value: object) -> object:
    """Write a cell: amounts by currency as `12.50 EUR`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{amount:,.2f} {currency}" for currency, amount in value.items())
    return f"{value:,.2f}" if isinstance(value, Decimal) else value


def cohort_table(rows: Sequence[Row], most: int = 4) -> tuple[list[dict[str, object]], list[str]]:
    """Lay out the rows of `retention`: a line for each cohort, a column for each period after its first."""
    numbers = sorted({row["number"] for row in rows})[: most + 1]
    lines: dict[Any, dict[str, object]] = {}
    for row in rows:
        line = lines.setdefault(row["cohort"], {"first came": str(row["cohort"]), "people": row["cohort_size"]})
        if row["number"] in numbers and row["number"] > 0:
            line[_after(row["number"])] = f"{row['share']:.1%}"
    return list(lines.values()), ["first came", "people", *(_after(each) for each in numbers if each > 0)]


def _after(days: int) -> str:
    return f"after {days} day{'s' if days > 1 else ''}"
