"""Three ways to tell who is who: ours, "last touch wins", and a cart remembered for 12 hours; worlds in, names out."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.records import Event, OrderReceived
from tests.benchmarks.identity.journeys import DAY, HOUR, World
from tests.builders import MINUTE, NOON
from tests.stitched import Pipeline

GAP_MS: Final = 30 * MINUTE
CART_MS: Final = 12 * HOUR


class Said(NamedTuple):
    """By event its person and its visit; by order the browser it is said to be of ('' is none)."""

    persons: dict[str, str]
    visits: dict[str, str]
    orders: dict[str, str]


def ours(world: World, partitions: int = 4) -> Said:
    """Stitch everything in the order it came. A visit that nobody is known behind, on a shared browser, is its own."""
    pipeline, last = Pipeline(partitions=partitions), 0
    for told in _as_it_came(world):
        if told["received_at"] > last + HOUR:
            pipeline.run()
            last = told["received_at"]
            pipeline.pass_time(last)
        if "order_id" in told and "delivery_id" in told:
            pipeline.publish_order(told)  # type: ignore[arg-type]
        else:
            pipeline.publish(told)
    pipeline.run()
    pipeline.pass_time(NOON + 90 * DAY)
    persons, visits, timelines = pipeline.persons(), pipeline.visits(), pipeline.timeline_rows()
    shared = {visitor for visitor, each in timelines.items() if len({*each.customers} - {""}) > 1}
    named = {each: visits[each] if persons[each] in shared else persons[each] for each in world.person}
    orders = {key: row["client_id"] or "" for key, row in pipeline.order_rows().items()}
    return Said(named, {each: visits[each] for each in world.visit}, orders)


def last_touch_wins(world: World) -> Said:
    """A browser is whoever was last seen on it; an order is of the browser that used its token last."""
    owner: dict[str, str] = {}
    used: dict[str, str] = {}
    for told in _as_it_came(world):
        if "delivery_id" in told:
            continue
        client = str(told["client_id"])
        if told["customer_id"]:
            owner[client] = str(told["customer_id"])
        if told["checkout_token"]:
            used[str(told["checkout_token"])] = client
    for order in world.orders:
        client = used.get(order["checkout_token"] or "", "")
        if client and order["customer_id"]:
            owner[client] = order["customer_id"]
    persons = {each["event_id"]: owner.get(each["client_id"], each["client_id"]) for each in world.events}
    orders = {each["order_id"]: used.get(each["checkout_token"] or "", "") for each in world.orders}
    return Said(persons, _by_arrival(world), orders)


def carts_for_12_hours(world: World) -> Said:
    """Who is who when an event comes is who it stays; an order meets its browser if the token was seen 12 hours ago."""
    persons: dict[str, str] = {}
    orders: dict[str, str] = {}
    used: dict[str, tuple[str, int]] = {}
    now: dict[str, str] = {}
    for told in _as_it_came(world):
        token = told["checkout_token"] or ""
        if "delivery_id" in told:
            client, at = used.get(token, ("", 0))
            orders[str(told["order_id"])] = client if told["received_at"] - at <= CART_MS else ""
            continue
        client = str(told["client_id"])
        now[client] = told["customer_id"] or now.get(client, client)
        persons[str(told["event_id"])] = now[client]
        if token:
            used[token] = (client, told["received_at"])
    return Said(persons, _by_arrival(world), orders)


def _by_arrival(world: World) -> dict[str, str]:
    """Part visits by the time events came to us."""
    visits: dict[str, str] = {}
    last: dict[str, tuple[int, str]] = {}
    for event in sorted(world.events, key=lambda each: each["received_at"]):
        client, at = event["client_id"], event["received_at"]
        before, visit = last.get(client, (0, ""))
        visit = visit if at - before <= GAP_MS else event["event_id"]
        last[client], visits[event["event_id"]] = (at, visit), visit
    return visits


def _as_it_came(world: World) -> Iterator[Event | OrderReceived]:
    everything: list[Event | OrderReceived] = [*world.events, *world.orders]
    yield from sorted(everything, key=lambda each: each["received_at"])
