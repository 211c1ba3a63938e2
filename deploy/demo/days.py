"""The demo shop's days: every shopper's visits, with the disorder of the real world, as one list to send."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from deploy.demo.catalogue import Product, inventory_webhook, to_webhook
from deploy.demo.merchant import unpictured
from deploy.demo.people import Shopper, a_shopper, a_uuid
from deploy.demo.visits import SECOND, Sending, Visit

MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 60 * MINUTE

LATE: Final = 0.015
"""Share of requests that a phone keeps and sends hours later."""
DOUBLED: Final = 0.02
"""Share of requests sent again although the first arrived."""
BAD: Final = 0.003
"""Share of requests followed by one that cannot be used."""


def shop_opening(catalogue: list[Product], opened_at: int) -> list[Sending]:
    """Tell the shop's products, as its app does when it is installed. A few are left out: sold, yet unknown to us.

    Some have no picture, so that they cannot be listed at Meta.
    """
    at = datetime.fromtimestamp(opened_at / 1000, UTC)
    told = [(product, unpictured(number)) for number, product in enumerate(catalogue) if number % 60 != 59]
    known = [product for product, _ in told]
    return [
        Sending(
            opened_at,
            f"product {each.product_id}",
            "products/create",
            to_webhook(each, at) | ({"image": None, "images": []} if without_picture else {}),
        )
        for each, without_picture in told
    ] + [
        Sending(
            opened_at + 1,
            f"stock {each.product_id}",
            "inventory_levels/update",
            inventory_webhook(each.variants[0], 3, at),
        )
        for each in known[::10]
    ]


def shop_days(rng: random.Random, catalogue: list[Product], now: int, *, shoppers: int, days: int = 3) -> list[Sending]:
    """Make all that *shoppers* send in the *days* before *now* (milliseconds), in the order it arrives."""
    sendings: list[Sending] = []
    for number in range(shoppers):
        born = now - rng.randint(10 * MINUTE, days * DAY)
        shopper = a_shopper(rng, number, born)
        sendings += _visits(rng, shopper, catalogue, born, now)
    return sorted(_disordered(rng, sendings, now), key=lambda each: each.at)


def _visits(rng: random.Random, shopper: Shopper, catalogue: list[Product], born: int, now: int) -> Iterator[Sending]:
    start = born
    for _ in range(shopper.visits):
        if start > now - 30 * MINUTE:
            return
        device, buyer = rng.choice(shopper.devices), shopper.buyer
        if shopper.shares_device_with and rng.random() < 0.4:
            buyer = shopper.shares_device_with
        yield from (each for each in Visit(rng, shopper, device, buyer, start).walk(catalogue) if each.at <= now)
        start += rng.randint(2 * 60 * MINUTE, DAY)


def _disordered(rng: random.Random, sendings: list[Sending], now: int) -> Iterator[Sending]:
    for sending in sendings:
        if sending.channel != "pixel":
            yield sending
            continue
        late = min(now, sending.at + rng.randint(1, 6) * 60 * MINUTE) if rng.random() < LATE else sending.at
        yield sending._replace(at=late)
        if rng.random() < DOUBLED:
            yield sending._replace(at=late + rng.randint(1, 30) * SECOND)
        if rng.random() < BAD:
            yield Sending(late, sending.lane, "pixel", _a_bad_body(rng, sending.body[0]["event"]))
        if rng.random() < 0.004:
            yield _a_page_without_javascript(rng, sending, late)


def _a_bad_body(rng: random.Random, event: dict[str, Any]) -> Any:
    """Make what broken scripts send: a missing id, a wrong type, JSON cut short, an identifier that means nobody."""
    broken = json.loads(json.dumps(event))
    choice = rng.randrange(4)
    if choice == 0:
        del broken["clientId"]
    elif choice == 1:
        broken["timestamp"] = "yesterday"
    elif choice == 2:
        broken["clientId"] = "undefined"
    else:
        return json.dumps(event)[:200]
    return broken


def _a_page_without_javascript(rng: random.Random, sending: Sending, at: int) -> Sending:
    event = sending.body[0]["event"]
    event_id = a_uuid(rng)
    query = {
        "name": "page_viewed",
        "id": event_id,
        "cid": event["clientId"],
        "ts": event["timestamp"],
        "url": event["context"]["document"]["location"]["href"],
    }
    return Sending(at, sending.lane, "gif", urlencode(query), (event_id,))
