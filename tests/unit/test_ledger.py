"""What is missing of orders, summed up."""

from decimal import Decimal
from typing import Any

from analytics.ledger import problems


def a_row(**changes: Any) -> dict[str, Any]:
    row = {"match": "matched", "missing": [], "destinations": {}, "value": Decimal("10.00"), "currency": "EUR"}
    return row | changes


def test_each_kind_of_trouble_has_its_orders_and_its_money_by_currency() -> None:
    rows = [
        a_row(missing=["pixel", "receipt"], match="webhook_only"),
        a_row(missing=["pixel"], match="webhook_only", value=Decimal("5.50"), currency="USD"),
        a_row(missing=["acceptance"], destinations={"meta": "refused", "other": "accepted"}, value=None),
    ]

    assert problems(rows) == [
        ("pixel never seen", 2, {"EUR": Decimal("10.00"), "USD": Decimal("5.50")}),
        ("unsent: no destination answered", 1, {"EUR": Decimal("10.00")}),
        ("refused by a destination", 1, {}),
    ]


def test_what_a_held_order_lacks_is_no_trouble_yet() -> None:
    held = a_row(match="held", missing=["pixel", "purchase", "receipt"])

    assert problems([held]) == [("held: waits for its other half", 1, {"EUR": Decimal("10.00")})]
    assert problems([]) == []
