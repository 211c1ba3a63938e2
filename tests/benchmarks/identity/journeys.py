"""Makes people who shop as people do, and says of every event who it really was: events and webhooks, labelled.

Households on one device, one person on five, guests who log in later, cleared cookies, checkouts opened from a mail on
another phone, bots, one checkout link in everybody's hands, clocks that are wrong, events that come hours late, and
completions that never come (30 % of them, as shops report). Of 300 people one lends a device to somebody who never says
who they are: nobody can know, and whoever owns the device gets those events too.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from schemas.records import Event, OrderReceived
from tests.builders import MINUTE, NOON, an_event, an_order

HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
LOST_COMPLETIONS: Final = 0.3
BOT: Final = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@dataclass
class World:
    """All that happened. By event: who it was, and in which visit. By order: who bought; and whose token was seen."""

    rng: Random
    events: list[Event] = field(default_factory=list)
    orders: list[OrderReceived] = field(default_factory=list)
    person: dict[str, str] = field(default_factory=dict)
    visit: dict[str, str] = field(default_factory=dict)
    buyer: dict[str, str] = field(default_factory=dict)
    seen_orders: set[str] = field(default_factory=set)
    clock: dict[str, int] = field(default_factory=dict)
    visits: int = 0
    told: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """By browser and visit, the customers that a login or an order told of."""

    def browse(self, who: str, client: str, at: int, *, logged_in: bool = False, **said: Any) -> str:
        """Let *who* look around for some minutes; returns the visit."""
        self.visits += 1
        visit = f"v{self.visits}"
        for step in range(self.rng.randint(2, 7)):
            customer = who if logged_in and step else None
            self.happen(who, client, visit, at + step * self.rng.randint(5, 400) * 1000, customer_id=customer, **said)
        return visit

    def happen(self, who: str, client: str, visit: str, at: int, **said: Any) -> None:
        """Tell one event; now and then it comes hours late, and every browser's clock is wrong in its own way."""
        skew = self.clock.setdefault(client, self.rng.choice((0, 0, 0, self.rng.randint(-50, 50) * 1000)))
        late = self.rng.choice((0,) * 19 + (self.rng.randint(1, 6) * HOUR,))
        event_id = f"e{len(self.events)}"
        if said.get("customer_id"):
            self.told.setdefault((client, visit), set()).add(who)
        self.events.append(
            an_event(event_id=event_id, client_id=client, occurred_at=at + skew, received_at=at + late + 300, **said)
        )
        self.person[event_id], self.visit[event_id] = who, f"{client} {visit}"

    def buy(self, who: str, client: str, at: int, *, opened_on: str = "", guest: bool = False) -> None:
        """Let *who* pay on *client*, or on the phone where the mail about the checkout was *opened_on*."""
        number = str(len(self.orders) + 1)
        token, visit = f"tok-{number}", self.browse(who, client, at)
        self.happen(who, client, visit, at + 41 * MINUTE // 2, name="checkout_started", checkout_token=token)
        told = [(client, visit)]
        if opened_on:
            client, at = opened_on, at + 3 * HOUR
            visit = self.browse(who, client, at)
            told.append((client, visit))
            self.happen(who, client, visit, at + 41 * MINUTE // 2, name="checkout_started", checkout_token=token)
        if self.rng.random() >= LOST_COMPLETIONS:
            done: dict[str, Any] = {"name": "checkout_completed", "checkout_token": token}
            done["order_id"] = self.rng.choice((number, number, None))
            self.happen(who, client, visit, at + 21 * MINUTE, **done)
        made, late = at + 21 * MINUTE, self.rng.choice((2_000, 2_000, 9_000, 5 * HOUR, 20 * HOUR))
        customer = None if guest else who
        for place in told if customer else []:
            self.told.setdefault(place, set()).add(who)
        self.orders.append(
            an_order(
                order_id=number, checkout_token=token, cart_token=None, customer_id=customer,
                occurred_at=made, received_at=made + late, delivery_id=f"d{number}",
            )
        )  # fmt: skip
        self.buyer[number] = who
        self.seen_orders.add(number)


def a_world(people: int, seed: int = 7) -> World:
    """Let *people* shop for a month, in the shares the stories below have."""
    world = World(Random(seed))
    stories = (_guest_then_login, _five_devices, _household, _cleared_cookies, _mail_on_phone, _window_shopper)
    for number in range(people):
        stories[number % len(stories)](world, f"p{number}", NOON + world.rng.randint(0, 20) * DAY)
    for number in range(299, people, 300):
        world.browse(f"friend-{number}", f"p{number - 5}-a", NOON + 28 * DAY)
    for number in range(people // 20 + 1):
        world.browse(f"bot-{number}", f"bot-{number}", NOON + number * HOUR, user_agent=BOT)
    _shared_link(world)
    world.orders.append(an_order(order_id="elsewhere", checkout_token=None, cart_token=None, delivery_id="till"))
    world.buyer["elsewhere"] = "till"
    return world


def _guest_then_login(world: World, who: str, at: int) -> None:
    world.browse(who, f"{who}-a", at)
    world.buy(who, f"{who}-a", at + DAY, guest=True)
    world.browse(who, f"{who}-a", at + 9 * DAY, logged_in=True)


def _five_devices(world: World, who: str, at: int) -> None:
    for device in "abcde":
        world.browse(who, f"{who}-{device}", at + ord(device) * HOUR)
        world.browse(who, f"{who}-{device}", at + ord(device) * HOUR + 2 * DAY, logged_in=True)


def _household(world: World, who: str, at: int) -> None:
    shared, other = f"{who}-shared", f"{who}-partner"
    for day in range(4):
        world.browse(who if day % 2 else other, shared, at + day * DAY, logged_in=True)
        world.browse(who if day < 2 else other, shared, at + day * DAY + 5 * HOUR)
    world.buy(who, shared, at + 6 * DAY)
    world.buy(other, shared, at + 7 * DAY)


def _cleared_cookies(world: World, who: str, at: int) -> None:
    world.browse(who, f"{who}-before", at, logged_in=True)
    world.browse(who, f"{who}-after", at + 3 * DAY)
    world.buy(who, f"{who}-after", at + 4 * DAY)


def _mail_on_phone(world: World, who: str, at: int) -> None:
    world.browse(who, f"{who}-laptop", at)
    world.buy(who, f"{who}-laptop", at + DAY, opened_on=f"{who}-phone")


def _window_shopper(world: World, who: str, at: int) -> None:
    for day in range(3):
        world.browse(who, f"{who}-a", at + day * DAY)


def _shared_link(world: World) -> None:
    """One checkout link, in everybody's hands: it says nothing of any of them."""
    for number in range(30):
        who = f"crowd-{number}"
        visit = world.browse(who, who, NOON + number * HOUR)
        world.happen(
            who, who, visit, NOON + number * HOUR + MINUTE, name="checkout_started", checkout_token="everybodys"
        )
