"""A few random days of a shop, as the archive would write them: with ties, duplicates, replays and merges."""

import random
import time
import uuid
from typing import Any

from schemas.identifiers import person_id, visitor_id
from schemas.records import EnrichedEvent, Order, Receipt, Rejected, Session, Timeline
from tests.archived import a_receipt, a_rejection, a_session, a_timeline, an_enriched_event, an_order_row, some_facts
from tests.builders import an_item

NAMES = (
    *("page_viewed", "product_viewed", "product_viewed", "product_added_to_cart", "cart_viewed"),
    *("checkout_started", "checkout_completed", "purchase"),
)
HOUR = 3_600_000
DAY = 24 * HOUR


class ShopDays:
    """What happened, as records; `person` says who somebody was, in plain Python."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = int(time.time() * 1000)
        self.events: list[EnrichedEvent] = []
        self.sessions: list[Session] = []
        self.orders: list[Order] = []
        self.timelines: dict[str, Timeline] = {}
        self.alone: dict[str, str] = {}
        for number in range(60):
            self._visitor(number)
        self.receipts = [self._receipt(number) for number in range(200)]
        self.rejections = [self._rejection(number) for number in range(40)]

    def person(self, visitor: str, at: int) -> str:
        """Tell who *visitor* was at *at*, by the newest timeline."""
        timeline = self.timelines.get(visitor)
        if timeline is None:
            return self.alone.get(visitor, visitor)
        known = [
            customer for start, customer in zip(timeline["starts"], timeline["customers"], strict=True) if start <= at
        ]
        return person_id("demo", known[-1]) if known and known[-1] else visitor

    def _visitor(self, number: int) -> None:
        chance = self.chance
        client = f"client-{number}"
        visitor = visitor_id("demo", client)
        # In and out of the week asked about, never within an hour of its edge; times often equal.
        times = [self.now - chance.choice([1, 2, 3, 5, 8]) * DAY + chance.choice([2, 3, 4, 5]) * HOUR for _ in range(9)]
        if chance.random() < 0.5:
            starts = sorted(chance.sample(range(self.now - 9 * DAY, self.now, HOUR), chance.choice([1, 2])))
            customers = [chance.choice(["", "c1", "c2", "c3"]) for _ in starts]
            self.timelines[visitor] = a_timeline(
                visitor_id=visitor, client_id=client, starts=starts, customers=customers, version=5
            )
        session = str(uuid.uuid4())
        for at in times[: chance.randrange(1, 10)]:
            self._event(client, session, at)
        self.sessions.append(
            a_session(
                session_id=session,
                visitor_id=visitor,
                client_id=client,
                started_at=times[0],
                ended_at=times[0] + chance.randrange(0, 10 * HOUR),
                page_views=chance.randrange(3),
                product_views=chance.randrange(3),
                cart_additions=chance.randrange(2),
                utm=chance.choice([{}, {"source": "mail", "medium": "email"}]),
                click_ids=chance.choice([{}, {"gclid": "1"}, {"fbclid": "2"}]),
                referrer=chance.choice([None, "https://www.bing.com/?q=1", "https://shop.example/"]),
                device=chance.choice(["mobile", "desktop", "bot"]),
                deleted=chance.random() < 0.1,
            )
        )

    def _event(self, client: str, session: str, at: int) -> None:
        chance, name = self.chance, self.chance.choice(NAMES)
        count = 0 if name == "page_viewed" else 1 if name.startswith("product") else chance.randrange(1, 4)
        items = [
            an_item(
                product_id=f"p{chance.randrange(4)}", quantity=chance.randrange(1, 4), price=chance.choice([9.99, 5])
            )
            for _ in range(count)
        ]
        changes: dict[str, Any] = {"order_id": None}
        if name == "purchase":
            changes = {"order_id": f"o{len(self.orders)}", "currency": chance.choice(["EUR", "USD"])}
            if chance.random() < 0.2:  # no browser told of it: its customer is known by the webhook alone
                client = f"order:{changes['order_id']}"
                self.alone[visitor_id("demo", client)] = person_id("demo", "c1")
            self.orders.append(
                an_order_row(
                    order_id=changes["order_id"],
                    ordered_at=at,
                    session_id=session,
                    value=chance.choice([10.01, 20.2]),
                    currency=changes["currency"],
                    status=chance.choice(["paid", "paid", "cancelled"]),
                    items=items,
                )
            )
        self.events.append(
            an_enriched_event(
                client_id=client,
                name=name,
                occurred_at=at,
                items=items,
                session_id=session,
                person_id=self.alone.get(visitor_id("demo", client), visitor_id("demo", client)),
                products=[
                    some_facts(product_id=item["product_id"], title=f"Title {item['product_id']}") for item in items
                ],
                **changes,
            )
        )

    def _receipt(self, number: int) -> Receipt:
        chance = self.chance
        return a_receipt(
            event_id=f"e{number}",
            event_name=chance.choice(["Purchase", "ViewContent"]),
            status=chance.choice(["accepted", "refused", "skipped"]),
            reason=chance.choice([None, "no_consent"]),
            sent_at=self.now - chance.choice([1, 8]) * DAY,
            attempts=chance.randrange(1, 4),
            latency_ms=None,
        )

    def _rejection(self, number: int) -> Rejected:
        chance = self.chance
        return a_rejection(
            rejection_id=str(uuid.UUID(int=number + 1)),
            shop_id=chance.choice(["demo", "", "other"]),
            reason=chance.choice(["bad_json", "missing_field"]),
            field=chance.choice([None, "clientId"]),
            received_at=self.now - chance.choice([1, 8]) * DAY,
        )
