"""The worked examples of docs/identity.md are what stitching does."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.identifiers import person_id, purchase_event_id, visitor_id
from tests.builders import NOON, an_event, an_order
from tests.stitched import Pipeline

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text()
DAY = 24 * 3_600_000
NAMES = {"order": ("order_id", "77"), "checkout": ("checkout_token", "tok-7"), "cart": ("cart_token", "c1-7")}


def rows_of(heading: str) -> list[list[str]]:
    """Read the cells of the table of the page whose first column is called *heading*."""
    lines = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> dict[str, str | None]:
    """Read the names that a cell says an event or a webhook has; those it does not say are None."""
    said = [each.strip() for each in cell.split(",")]
    return {field: value if name in said else None for name, (field, value) in NAMES.items()}


def test_visits_are_parted_as_the_page_says() -> None:
    rows, pipeline, begun = rows_of("by the visitor's clock"), Pipeline(), datetime(1900, 1, 1, 10)
    for clock, _, what, _ in sorted(rows, key=lambda row: row[1]):
        name, _, campaign = what.partition(", campaign ")
        time = datetime.strptime(clock, "%H:%M") - begun
        event = an_event(event_id=clock, name=name, occurred_at=NOON + time // timedelta(milliseconds=1))
        pipeline.publish(event | {"utm": {"campaign": campaign} if campaign else {}})
        pipeline.run()
    visits, starts = pipeline.visits(), {key: row["started_at"] for key, row in pipeline.session_rows().items()}
    number = {key: str(place) for place, key in enumerate(sorted(starts, key=lambda key: starts[key]), 1)}

    assert len(rows) == 6
    assert [number[visits[clock]] for clock, *_ in rows] == [visit for *_, visit in rows]


def test_browsers_are_whose_the_page_says() -> None:
    rows, pipeline = rows_of("browser"), Pipeline()
    for browser, day, customer, _ in rows:
        seen = {"event_id": f"{browser} {day}", "client_id": browser, "customer_id": customer or None}
        pipeline.publish(an_event(**seen, occurred_at=NOON + int(day) * DAY))
    pipeline.run()
    persons = pipeline.persons()

    assert len(rows) == 5
    for browser, day, _, whose in rows:
        expected = visitor_id("demo", browser) if whose == "nobody" else person_id("demo", whose)
        assert persons[f"{browser} {day}"] == expected


def test_halves_meet_as_the_page_says() -> None:
    rows = rows_of("the browser's completion names")

    assert len(rows) == 7
    for completion, seen, webhook, purchases in rows:
        for webhook_first in (True, False):
            pipeline = bought(completion, seen, named(webhook), webhook_first=webhook_first)
            matches = {row["match"] for row in pipeline.order_rows().values()}
            count, _, match = purchases.partition(", ")
            sent = {each["event"]["event_id"] for each in pipeline.purchases()}
            assert len(sent) == (2 if count.startswith("two") else 1)
            assert not match or matches == {match}


def test_a_completion_is_of_the_order_the_page_says() -> None:
    rows, pipeline = rows_of("orders of one checkout"), Pipeline()
    pipeline.publish(an_event(name="checkout_completed", checkout_token="tok-7"))
    pipeline.run()
    for order, made, _, _ in sorted(rows, key=lambda row: row[2]):
        told = {"order_id": order, "checkout_token": "tok-7", "occurred_at": NOON + int(made[-2:]) * 60_000}
        pipeline.publish_order(an_order(**told, received_at=NOON + 1_000))
        pipeline.run()
    pipeline.pass_time(NOON + DAY)

    assert len(rows) == 3
    assert {key: row["match"] for key, row in pipeline.order_rows().items()} == {row[0]: row[3] for row in rows}
    assert {each["event"]["event_id"] for each in pipeline.purchases()} == {
        purchase_event_id("demo", order) for order in ("77", "78", "79")
    }


def bought(completion: str, seen: str, webhook: dict[str, Any], *, webhook_first: bool) -> Pipeline:
    pipeline = Pipeline()
    if seen:
        name = "cart_viewed" if seen == "cart" else "checkout_started"
        pipeline.publish(an_event(name=name, occurred_at=NOON - 60_000, **(named(seen) | {"order_id": None})))
        pipeline.run()
    if webhook_first:
        pipeline.publish_order(an_order(**webhook))
        pipeline.run()
    if completion != "nothing":
        pipeline.publish(an_event(name="checkout_completed", **named(completion)))
        pipeline.run()
    if not webhook_first:
        pipeline.publish_order(an_order(**webhook))
        pipeline.run()
    pipeline.pass_time(NOON + DAY)
    return pipeline
