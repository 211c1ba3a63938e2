"""Any interleaving of the sources, with any duplicates and kills, gives the same sessions, timelines and purchases.

`STITCH_EXAMPLES=20000 pytest --timeout=0 tests/property/test_stitching_properties.py` looks longer than a build does.
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.records import Event, Link, OrderReceived
from tests.builders import MINUTE, NOON, a_shop, an_event, an_order
from tests.stitched import Pipeline, an_unlink

CLIENTS = ("phone", "laptop", "kiosk")
CUSTOMERS = (None, None, "ada", "bob")
CAMPAIGNS: tuple[dict[str, str], ...] = ({}, {}, {}, {"source": "mail"}, {"source": "ad"})
NAMES = ("checkout_started", "checkout_completed", "cart_viewed")
EXAMPLES = int(os.environ.get("STITCH_EXAMPLES", "300"))
HOLD = 120_000
END = NOON + 48 * 60 * MINUTE


class History(NamedTuple):
    """What happened at a shop: by its browsers, by its webhooks, and what its people took back."""

    events: list[Event]
    orders: list[OrderReceived]
    unlinks: list[Link]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A day of three browsers that share two checkouts and two customers; clocks run as they please."""
    events = [draw(an_event_of(number)) for number in range(draw(st.integers(1, 14)))]
    orders = []
    for number in range(draw(st.integers(0, 4))):
        token, status = draw(st.sampled_from(("t1", "t2"))), draw(st.sampled_from(("open", "paid", "cancelled")))
        orders.append(
            an_order(
                order_id=f"order-{token}",
                checkout_token=draw(st.sampled_from((token, token, None))),
                cart_token=f"cart-{token}",
                customer_id=draw(st.sampled_from(("ada", "bob", None))),
                delivery_id=f"d{number}",
                status=status,
                updated_at=NOON + draw(st.integers(0, 3)),
                received_at=NOON + draw(st.sampled_from((0, HOLD // 2, 3 * HOLD))),
            )
        )
    unlinks = [
        an_unlink(client, customer, NOON + at)
        for client, customer, at in draw(
            st.lists(
                st.tuples(st.sampled_from(CLIENTS), st.sampled_from(("ada", "bob")), st.integers(0, 14_000)), max_size=3
            )
        )
    ]
    return History(events, sorted(orders, key=lambda order: order["received_at"]), unlinks)


@st.composite
def an_event_of(draw: st.DrawFn, number: int) -> Event:
    minute = draw(st.sampled_from((0, 0.3, 1, 2, 29, 30, 31, 60, 61, 90, 100, 200, 600)))
    said: dict[str, Any] = {
        "client_id": draw(st.sampled_from(CLIENTS)),
        "customer_id": draw(st.sampled_from(CUSTOMERS)),
        "seq": draw(st.sampled_from((None, 1, 2))),
        "utm": draw(st.sampled_from(CAMPAIGNS)),
    }
    checkout, name = draw(st.sampled_from((None, None, "t1", "t2"))), draw(st.sampled_from(NAMES))
    if checkout and name == "cart_viewed":
        said |= {"name": name, "cart_token": f"cart-{checkout}"}
    elif checkout:
        said |= {"name": name, "checkout_token": checkout}
        said |= {"order_id": f"order-{checkout}"} if name == "checkout_completed" else {}
    at = int(NOON + minute * MINUTE)
    return an_event(event_id=f"e{number}", occurred_at=at, received_at=NOON + number * 1000, **said)


def end_state(pipeline: Pipeline) -> dict[str, Any]:
    """What ClickHouse would show in the end, without what depends on the order of the log: names of sessions."""
    sessions = pipeline.session_rows()
    names = {key: (row["visitor_id"], row["started_at"], row["ended_at"]) for key, row in sessions.items()}
    counts = ("events", "page_views", "product_views", "cart_additions", "checkouts", "purchases", "customer_id")
    orders = {
        key: (row["match"], row["status"], row["client_id"], row["customer_id"])
        for key, row in pipeline.order_rows().items()
    }
    # Whose visit a purchase leaves with that its browser told too late is settled when it leaves.
    late = {key for key, (match, *_) in orders.items() if match == "late"}
    purchases = {
        (event["event_id"], event["order_id"], "" if event["order_id"] in late else event["client_id"])
        for event in (each["event"] for each in pipeline.purchases())
    }
    return {
        "sessions": sorted((names[key], [row[name] for name in counts]) for key, row in sessions.items()),  # type: ignore[literal-required]
        "timelines": {key: row for key, row in pipeline.timeline_rows().items() if row.starts},
        "orders": orders,
        "purchases": purchases,
        "persons": {key: who for key, who in pipeline.persons().items() if key.startswith("e")},
    }


def stitched_in_order(history: History, partitions: int = 1) -> Pipeline:
    pipeline = Pipeline(partitions=partitions)
    pipeline.publish(*history.events)
    pipeline.publish_order(*history.orders)
    pipeline.run()
    for unlink in history.unlinks:
        pipeline.publish_link(unlink)
    pipeline.run()
    pipeline.pass_time(END)
    return pipeline


def stitched_anyhow(history: History, partitions: int, choose: Iterator[int]) -> Pipeline:
    """Read the topics in any interleaving, some records twice, and die now and then before the tables know."""
    pipeline, unlinks = Pipeline(partitions=partitions), list(history.unlinks)
    for event in history.events:
        pipeline.publish(*[event] * (2 if next(choose) % 4 == 0 else 1))
    for order in history.orders:
        pipeline.publish_order(*[order] * (2 if next(choose) % 4 == 0 else 1))
    step_anyhow(pipeline, unlinks, choose)
    pipeline.pass_time(END)
    return pipeline


def step_anyhow(pipeline: Pipeline, unlinks: list[Link], choose: Iterator[int]) -> None:
    while (waiting := pipeline.waiting()) or unlinks:
        if unlinks and (not waiting or next(choose) % 3 == 0):
            pipeline.publish_link(unlinks.pop(next(choose) % len(unlinks)))
            continue
        place = waiting[next(choose) % len(waiting)]
        chance = next(choose) % 8
        if chance == 0:
            pipeline.step(place, keep=False)
            pipeline.restart()
        pipeline.step(place)
        if chance == 1:
            pipeline.step(place, offset=pipeline.read[place] - 1)


def endless(choices: list[int]) -> Iterator[int]:
    while True:
        yield from choices


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.sampled_from((1, 4, 12)), st.lists(st.integers(0, 1_000), min_size=1, max_size=60))
def test_any_interleaving_ends_in_the_same_sessions_persons_and_purchases(
    history: History, partitions: int, choices: list[int]
) -> None:
    expected = stitched_in_order(history)
    pipeline = stitched_anyhow(history, partitions, endless(choices))

    assert end_state(pipeline) == end_state(expected)
    assert pipeline.rejected == []


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(histories())
def test_a_replay_from_the_start_says_the_same_ids(history: History) -> None:
    one, other = stitched_in_order(history), stitched_in_order(history)

    assert one.events == other.events
    assert one.links == other.links
    assert (one.visitors, one.checkouts) == (other.visitors, other.checkouts)


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(histories(), st.integers(0, 5))
def test_what_is_read_again_later_is_said_as_it_was(history: History, in_time: int) -> None:
    pipeline = Pipeline()
    pipeline.publish(*history.events[:in_time])
    pipeline.publish_order(*history.orders)
    pipeline.run()
    pipeline.pass_time(NOON + 10 * HOLD)
    pipeline.publish(*(each | {"received_at": each["received_at"] + 20 * HOLD} for each in history.events[in_time:]))
    pipeline.run()
    for unlink in history.unlinks:
        pipeline.publish_link(unlink)
    pipeline.run()
    pipeline.pass_time(END)
    before = (end_state(pipeline), purchases_of(pipeline))
    for place in sorted(pipeline.logs):
        for offset in range(pipeline.read[place]):
            pipeline.step(place, offset=offset)
    pipeline.run()

    assert (end_state(pipeline), purchases_of(pipeline)) == before


def purchases_of(pipeline: Pipeline) -> set[tuple[str, str]]:
    return {(each["event"]["event_id"], each["event"]["client_id"]) for each in pipeline.purchases()}


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(histories())
def test_sessions_split_exactly_where_a_visitor_was_silent_for_longer_than_the_gap(
    history: History,
) -> None:
    pipeline = Pipeline({"demo": a_shop(campaign_boundary=False)})
    pipeline.publish(*history.events)
    pipeline.run()
    spans = sorted((row["visitor_id"], row["started_at"], row["ended_at"]) for row in pipeline.session_rows().values())
    times: dict[str, list[int]] = {}
    for event in history.events:
        times.setdefault(event["visitor_id"], []).append(event["occurred_at"])

    expected = []
    for visitor, seen in times.items():
        seen.sort()
        starts = [seen[0], *(now for before, now in pairwise(seen) if now - before > 30 * MINUTE)]
        ends = [*(before for before, now in pairwise(seen) if now - before > 30 * MINUTE), seen[-1]]
        expected += [(visitor, start, end) for start, end in zip(starts, ends, strict=True)]
    assert spans == sorted(expected)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(histories())
def test_each_order_leaves_as_one_purchase(history: History) -> None:
    pipeline = stitched_in_order(history)

    assert sorted(each["event"]["order_id"] or "" for each in pipeline.purchases()) == sorted(pipeline.order_rows())
