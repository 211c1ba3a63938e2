"""Ten random weeks of a shop, as the archive would write them: with ties, late events, replays, merges, two currencies.

The weeks end at the start of 1 November 2026 in Berlin, so that the clocks were put back within them.
"""

import random
import uuid
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from schemas.identifiers import person_id, visitor_id
from schemas.records import EnrichedEvent, Event, Order, Receipt, Rejected, Session, Timeline
from tests.archived import a_receipt, a_session, a_timeline, an_enriched_event, an_order_row, some_facts
from tests.builders import an_item

ZONE: Final = ZoneInfo("Europe/Berlin")
UNTIL: Final = "2026-11-01"
END: Final = int(datetime(2026, 11, 1, tzinfo=ZONE).timestamp() * 1000)
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
NIL: Final = str(uuid.UUID(int=0))
KEYS: Final = ("em", "ph", "external_id", "fn", "country")
# Names as they come in a visit, the more often the oftener; what is about products carries items.
NAMES: Final = (
    *["page_viewed", "product_viewed", "product_viewed", "product_viewed", "product_added_to_cart"],
    *["product_removed_from_cart", "search_submitted", "checkout_started", "purchase"],
)


class Weeks:
    """What happened, as records, and who everybody was, in plain Python."""

    def __init__(self, seed: int, visitors: int = 90) -> None:
        self.chance = random.Random(seed)
        self.events: list[EnrichedEvent] = []
        self.sessions: list[Session] = []
        self.orders: list[Order] = []
        self.receipts: list[Receipt] = []
        self.rejections: list[Rejected] = []
        self.timelines: dict[str, Timeline] = {}
        for number in range(visitors):
            self._visitor(f"client-{number}")
        for order in self.orders:
            self._receipts(order)

    def person(self, visitor: str, at: int) -> str:
        """Tell who *visitor* was at *at*, by the newest timeline."""
        timeline = self.timelines.get(visitor)
        if timeline is None:
            return visitor
        pairs = zip(timeline["starts"], timeline["customers"], strict=True)
        known = [customer for start, customer in pairs if start <= at]
        return person_id("demo", known[-1]) if known and known[-1] else visitor

    def person_of_order(self, order: Order) -> str:
        """Tell who made *order*."""
        if order["customer_id"]:
            return person_id("demo", order["customer_id"])
        return self.person(order["visitor_id"] or NIL, order["ordered_at"])

    def person_of_session(self, session: Session) -> str:
        """Tell who a visit belongs to: whom the browser belonged to at its end."""
        return self.person(session["visitor_id"], session["ended_at"])

    def visits(self) -> list[Session]:
        """List the visits that count: neither taken back nor a bot's."""
        return [each for each in self.sessions if not each["deleted"] and each["device"] != "bot"]

    def of_bots(self) -> set[str]:
        """Name the visits of robots."""
        return {each["session_id"] for each in self.sessions if not each["deleted"] and each["device"] == "bot"}

    def sold(self) -> list[Order]:
        """List the orders that were not cancelled."""
        return [each for each in self.orders if each["status"] != "cancelled"]

    def did(self, days: int) -> list[Event]:
        """List the events of the last *days*."""
        return [each["event"] for each in self.events if within(each["event"]["occurred_at"], days)]

    def did_people(self, days: int) -> list[Event]:
        """List what people did in the last *days*: not what declared robots did."""
        bots = self.of_bots()
        listed = [each["event"] for each in self.events if each["session_id"] not in bots]
        return [event for event in listed if within(event["occurred_at"], days)]

    def _visitor(self, client: str) -> None:
        chance, visitor = self.chance, visitor_id("demo", client)
        if chance.random() < 0.5:
            starts = sorted(chance.sample(range(END - 70 * DAY, END, HOUR), chance.choice([1, 2])))
            customers = [chance.choice(["", "c1", "c2", "c3", "c4", "c5"]) for _ in starts]
            self.timelines[visitor] = a_timeline(
                visitor_id=visitor, client_id=client, starts=starts, customers=customers, version=5
            )
        for _ in range(chance.choice([1, 1, 2, 3, 5])):
            self._visit(client, visitor)

    def _visit(self, client: str, visitor: str) -> None:
        chance, session = self.chance, str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        begin = END - chance.randrange(1, 69 * 24) * HOUR
        # Ten-minute steps, so that times are often equal; what comes first in the list may have come late.
        times = [begin + chance.randrange(12) * 600_000 for _ in range(chance.randrange(1, 9))]
        names = [chance.choice(NAMES) for _ in times]
        for at, name in zip(times, names, strict=True):
            self._event(client, session, at, name)
        self.sessions.append(
            a_session(
                session_id=session,
                visitor_id=visitor,
                client_id=client,
                started_at=min(times),
                ended_at=max(times),
                events=len(times),
                page_views=names.count("page_viewed"),
                product_views=names.count("product_viewed"),
                cart_additions=names.count("product_added_to_cart"),
                checkouts=names.count("checkout_started"),
                utm=chance.choice([{}, {"source": "mail", "medium": "email", "campaign": "spring"}]),
                click_ids=chance.choice([{}, {"gclid": "1"}, {"fbclid": "2"}]),
                referrer=chance.choice([None, "https://www.bing.com/?q=1", "https://shop.example/"]),
                device=chance.choice(["mobile", "mobile", "desktop", "bot"]),
                country=chance.choice(["DE", "FR", None]),
                deleted=chance.random() < 0.1,
            )
        )

    def _event(self, client: str, session: str, at: int, name: str) -> None:
        chance = self.chance
        several = name in ("checkout_started", "purchase", "search_submitted")
        count = 0 if name == "page_viewed" else chance.randrange(several ^ 1, 4) if several else 1
        items = [
            an_item(
                product_id=chance.choice(["p0", "p1", "p2", "p3", "p4", ""]),
                category=chance.choice(["Rings", "Chains"]),
                quantity=chance.randrange(1, 4),
                price=chance.choice([9.99, 5.0]),
            )
            for _ in range(count)
        ]
        changes: dict[str, Any] = {"order_id": None, "currency": chance.choice(["EUR", "USD"])}
        if name == "purchase":
            changes |= {"order_id": f"o{len(self.orders)}", "source": "webhook"}
            self._order(client, session, at, items, changes)
        facts = [
            some_facts(
                product_id=item["product_id"] or None,
                title=f"Title {item['product_id']}",
                category=None,
                known=item["product_id"] in ("p0", "p1", "p2"),
            )
            for item in items
        ]
        self.events.append(
            an_enriched_event(
                client_id=client,
                name=name,
                occurred_at=at,
                seq=None,
                items=items,
                products=facts,
                session_id=session,
                url=f"https://shop.example/{chance.choice(['', 'a', 'b'])}",
                search_query=chance.choice(["Ring", " ring", "chain", ""]) if name == "search_submitted" else None,
                user_data={key: "x" for key in KEYS if chance.random() < 0.4},
                **changes,
            )
        )

    def _order(self, client: str, session: str, at: int, items: list[Any], changes: dict[str, Any]) -> None:
        chance = self.chance
        taken_back = ("refunded", "voided")[len(self.orders) % 2]
        status = chance.choice(["paid", "paid", taken_back, "cancelled", "partially_refunded"])
        self.orders.append(
            an_order_row(
                order_id=changes["order_id"],
                client_id=client,
                visitor_id=visitor_id("demo", client),
                customer_id=chance.choice([None, "c1", "c2", "c6", "c7"]),
                ordered_at=at,
                session_id=session,
                value=chance.choice([10.01, 20.2, 35.0, None]),
                currency=changes["currency"],
                status=status,
                totals={"tax": 1.0, "refunded": 15.5} if status == "partially_refunded" else {"tax": 1.0},
                match=("matched", "webhook_only", "late")[len(self.orders) % 3],
                purchase_event_id=f"{changes['order_id']}-0",
                items=items,
            )
        )

    def _receipts(self, order: Order) -> None:
        chance = self.chance
        for destination in ("meta", "other"):
            for number in range(chance.choice([0, 1, 1, 1, 2])):
                self.receipts.append(
                    a_receipt(
                        event_id=f"{order['order_id']}-{number}",
                        destination=destination,
                        status=chance.choice(["accepted", "accepted", "refused", "skipped"]),
                        occurred_at=order["ordered_at"],
                        value=chance.choice([order["value"], order["value"], 1.5]),
                        currency=order["currency"],
                        # It may have left before its order was named, and may have been a test.
                        order_id=order["order_id"] if number or len(self.receipts) % 4 else None,
                        test=len(self.receipts) % 9 == 0,
                    )
                )


def begin(days: int) -> int:
    """Tell when the last *days* in Berlin before the end begin; one of them has 25 hours."""
    return int((datetime.fromtimestamp(END / 1000, ZONE) - timedelta(days=days)).timestamp() * 1000)


def within(at: int, days: int) -> bool:
    """Tell whether *at* is in the last *days* before the end."""
    return begin(days) <= at < END


def period(at: int, every: str) -> date:
    """Name the day, week or month of *at* in Berlin by its first day."""
    day = datetime.fromtimestamp(at / 1000, ZONE).date()
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day


def source(session: Session) -> str:
    """Name what brought a visit."""
    referrer = (urlsplit(session["referrer"] or "").hostname or "").removeprefix("www.")
    network = "google" if "gclid" in session["click_ids"] else "facebook" if "fbclid" in session["click_ids"] else ""
    return session["utm"].get("source") or network or (referrer if referrer != "shop.example" else "") or "direct"


def cents(amount: float | None) -> int:
    """Write an amount as whole cents."""
    return round((amount or 0) * 100)
