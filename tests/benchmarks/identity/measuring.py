"""How right is it about who is who? Labelled journeys through stitch, and through two other ways, in one run.

    python -m tests.benchmarks.identity        # STORESTREAM_PEOPLE (1,200) people

Persons and visits by pairs of events: precision is what of the pairs said to be one is; recall is of what can be known.
Orders: the share said to be of a browser of their buyer, of those whose checkout any browser had used.
"""

import os
from collections.abc import Callable
from typing import Final

from tests.benchmarks.identity.journeys import World, a_world
from tests.benchmarks.identity.scores import Pairs, pairs, wrong_merges
from tests.benchmarks.identity.ways import Said, carts_for_12_hours, last_touch_wins, ours

PEOPLE = int(os.environ.get("STORESTREAM_PEOPLE", "1200"))
WAYS: Final[dict[str, Callable[[World], Said]]] = {
    "storestream": ours,
    "last touch wins": last_touch_wins,
    "12-hour cart cache": carts_for_12_hours,
}


def knowable(world: World) -> dict[str, str]:
    """Name of each event what anybody could know: its customer where evidence tells, else its browser or its visit.

    On a browser of one customer all is theirs; on one of several only visits with evidence of one are somebody's.
    """
    ever: dict[str, set[str]] = {}
    for (client, _), customers in world.told.items():
        ever.setdefault(client, set()).update(customers)
    found = {}
    for event in world.events:
        event_id, client = event["event_id"], event["client_id"]
        visit = world.visit[event_id]
        here, customers = world.told.get((client, visit.partition(" ")[2]), set()), ever.get(client, set())
        known = customers if len(customers) == 1 else here
        found[event_id] = next(iter(known)) if len(known) == 1 else (visit if customers else client)
    return found


def scored(world: World, said: Said) -> tuple[Pairs, Pairs, float, int]:
    """Score persons, visits and orders, and count the persons who are two customers."""
    shown = {each["event_id"]: each["customer_id"] for each in world.events if each["customer_id"] is not None}
    whose = {each["client_id"]: set[str]() for each in world.events}
    for event in world.events:
        whose[event["client_id"]].add(world.person[event["event_id"]])
    matched = [world.buyer[order] in whose.get(said.orders.get(order, ""), ()) for order in world.seen_orders]
    return (
        pairs(said.persons, world.person, knowable(world)),
        pairs(said.visits, world.visit, world.visit),
        sum(matched) / len(matched),
        wrong_merges(said.persons, shown),
    )


def main() -> None:
    """Print one line for each way."""
    world = a_world(PEOPLE)
    print(f"{len(world.events):,} events and {len(world.orders):,} orders of {PEOPLE:,} people\n")
    print(
        f"{'':20}{'persons: precision':>20}{'recall':>9}{'F1':>9}{'visits: precision':>20}{'recall':>9}{'F1':>9}",
        end="",
    )
    print(f"{'orders':>9}{'two in one':>12}")
    for name, way in WAYS.items():
        persons, visits, orders, wrong = scored(world, way(world))
        print(f"{name:20}{persons.precision:>20.4f}{persons.recall:>9.4f}{persons.f1:>9.4f}", end="")
        print(f"{visits.precision:>20.4f}{visits.recall:>9.4f}{visits.f1:>9.4f}{orders:>9.4f}{wrong:>12}")
