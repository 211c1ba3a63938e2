"""A pipeline in memory: the stitcher's three topics, its tables, and what it says, without Kafka.

In: events and orders, in any order, in any grouping. Out: what `events.enriched` and `identities.linked` would hold.
"""

from collections.abc import Sequence
from typing import Any

from connectors.kafka.partitioning import partition_of
from schemas import topics
from schemas.codec import Codec
from schemas.identifiers import link_id, person_id, visitor_id
from schemas.records import EnrichedEvent, Event, Link, Order, OrderReceived, Rejected, Session, Shop, Timeline
from streams.rules.catalogs import Catalog
from streams.rules.checkouts import order_key
from streams.rules.identities import Segments, customer_at
from streams.rules.news import of_hold_over
from streams.stitching import Outcome, Source, Stitcher
from streams.stitching.outcomes import Due

CODEC = Codec.from_lock()

EVENTS = topics.EVENTS_RECEIVED.name
ORDERS = topics.ORDERS_RECEIVED.name
LINKS = topics.IDENTITIES_LINKED.name


class Pipeline:
    """All partitions of one stitch worker."""

    def __init__(self, shops: dict[str, Shop] | None = None, *, partitions: int = 1) -> None:
        self.partitions = partitions
        self.catalog = Catalog()
        self.shops = shops or {}
        self.visitors: dict[bytes, bytes] = {}
        self.checkouts: dict[bytes, bytes] = {}
        self.logs: dict[tuple[str, int], list[bytes]] = {}
        self.read: dict[tuple[str, int], int] = {}
        self.due: dict[bytes, tuple[Due, ...]] = {}
        self.events: list[EnrichedEvent] = []
        self.sessions: list[Session] = []
        self.orders: list[Order] = []
        self.timelines: list[Timeline] = []
        self.links: list[Link] = []
        self.rejected: list[Rejected] = []
        self.restart()

    def restart(self) -> None:
        """Begin with a fresh process: nothing but the tables is remembered."""
        self.stitcher = Stitcher(
            CODEC, self.catalog, self.shops, read_visitor=self.visitors.get, read_checkout=self.checkouts.get
        )

    def publish(self, *events: Event) -> None:
        """Put *events*, each in an envelope of its own, on their visitors' partitions."""
        for event in events:
            self.publish_together([event])

    def publish_together(self, events: Sequence[Event]) -> None:
        """Put *events* of one partition into one envelope."""
        partition = partition_of(events[0]["shop_id"], events[0]["visitor_id"], self.partitions)
        self._append(EVENTS, partition, CODEC.encode("EventEnvelope", {"events": list(events)}))

    def publish_order(self, *orders: OrderReceived) -> None:
        """Put order webhooks on their orders' partitions."""
        for order in orders:
            partition = partition_of(order["shop_id"], order_key(order["order_id"]) or "", self.partitions)
            self._append(ORDERS, partition, CODEC.encode("OrderEnvelope", {"orders": [order]}))

    def publish_link(self, link: Link) -> None:
        """Put *link* on the partition of whom it is addressed to."""
        partition = partition_of(link["shop_id"], link["identifier"], self.partitions)
        self._append(LINKS, partition, CODEC.encode("Link", link))

    def _append(self, topic: str, partition: int, value: bytes) -> None:
        self.logs.setdefault((topic, partition), []).append(value)

    def waiting(self) -> list[tuple[str, int]]:
        """List the topic-partitions that have unread records."""
        return sorted(place for place, log in self.logs.items() if self.read.get(place, 0) < len(log))

    def step(self, place: tuple[str, int], *, offset: int | None = None, keep: bool = True) -> Outcome:
        """Stitch the next record of *place*, or the one at *offset* again; without *keep*, as if killed before the
        tables had it.
        """
        topic, partition = place
        if offset is None:
            offset = self.read.get(place, 0)
        outcome = self.stitcher.stitch(Source(topic, partition, offset, self.logs[place][offset], 1))
        self._collect(outcome)
        if keep:
            self.read[place] = max(self.read.get(place, 0), offset + 1)
            self.visitors.update({key: value for key, value in outcome.visitors.items() if value is not None})
            self.checkouts.update({key: value for key, value in outcome.checkouts.items() if value is not None})
            self.due.update(outcome.due)
        return outcome

    def _collect(self, outcome: Outcome) -> None:
        for envelope in outcome.envelopes():
            said: dict[str, list[Any]] = CODEC.decode(envelope)
            self.events += said["events"]
            self.sessions += said["sessions"]
            self.orders += said["orders"]
            self.timelines += said["timelines"]
        for link in outcome.links:
            self._append(LINKS, partition_of(link.shop_id, link.identifier, self.partitions), link.value)
            self.links.append(CODEC.decode(link.value))
        self.rejected += [CODEC.decode(each) for each in outcome.rejected]

    def run(self) -> None:
        """Stitch everything, topic by topic, until nothing is unread."""
        while waiting := self.waiting():
            self.step(waiting[0])

    def pass_time(self, now: int) -> None:
        """Let the sweeper find what has waited too long at *now*, and stitch that."""
        for due in [each for dues in self.due.values() for each in dues if each.deadline < now]:
            link = of_hold_over(due.shop_id, due.checkout, due.order_id, deadline=due.deadline, received_at=now)
            self._append(LINKS, partition_of(due.shop_id, due.checkout, self.partitions), CODEC.encode("Link", link))
        self.run()

    def standing(self) -> list[EnrichedEvent]:
        """List the events said, in order, without those taken back since."""
        found: list[EnrichedEvent] = []
        for enriched in self.events:
            if enriched["retracted"]:
                found = [each for each in found if _row_of(each) != _row_of(enriched)]
            else:
                found.append(enriched)
        return found

    def session_rows(self) -> dict[str, Session]:
        """Read the sessions as ClickHouse would: of each, the row of the greatest version, without the deleted."""
        rows: dict[str, Session] = {}
        for row in self.sessions:
            if row["session_id"] not in rows or row["version"] >= rows[row["session_id"]]["version"]:
                rows[row["session_id"]] = row
        return {key: row for key, row in rows.items() if not row["deleted"]}

    def visits(self) -> dict[str, str]:
        """Tell the session of every event by its id, as the view `events_by_person` resolves it."""
        now, rows = self.session_rows(), {row["session_id"]: row for row in sorted(self.sessions, key=_version)}
        found = {}
        for enriched in self.standing():
            event, name = enriched["event"], enriched["session_id"]
            into = rows[name]["merged_into"] if name in rows else None
            if into == name:
                own = [(row["started_at"], row["ended_at"], key) for key, row in now.items() if _is_of(row, event)]
                into = max((each for each in own if each[0] <= event["occurred_at"]), default=min(own))[2]
            found[event["event_id"]] = into or name
        return found

    def order_rows(self) -> dict[str, Order]:
        """Read the orders as ClickHouse would."""
        rows: dict[str, Order] = {}
        for row in self.orders:
            if row["order_id"] not in rows or row["version"] >= rows[row["order_id"]]["version"]:
                rows[row["order_id"]] = row
        return rows

    def timeline_rows(self) -> dict[str, Segments]:
        """Read the timelines as ClickHouse would, by visitor."""
        rows: dict[str, Timeline] = {}
        for row in self.timelines:
            if row["visitor_id"] not in rows or row["version"] >= rows[row["visitor_id"]]["version"]:
                rows[row["visitor_id"]] = row
        return {key: Segments(tuple(row["starts"]), tuple(row["customers"])) for key, row in rows.items()}

    def persons(self) -> dict[str, str]:
        """Tell the person of every event by its id, as the view `events_by_person` resolves it."""
        timelines = self.timeline_rows()
        found = {}
        for enriched in self.standing():
            event = enriched["event"]
            known = timelines.get(event["visitor_id"])
            customer = customer_at(known, event["occurred_at"]) if known else None
            found[event["event_id"]] = person_id(event["shop_id"], customer) if customer else event["visitor_id"]
        return found

    def purchases(self) -> list[EnrichedEvent]:
        """List the purchases said, in order."""
        return [each for each in self.standing() if each["event"]["name"] == "purchase"]


def _row_of(enriched: EnrichedEvent) -> tuple[str, str, int]:
    event = enriched["event"]
    return event["event_id"], event["visitor_id"], event["occurred_at"] // 86_400_000


def _version(row: Session) -> int:
    return row["version"]


def _is_of(row: Session, event: Event) -> bool:
    return row["visitor_id"] == event["visitor_id"]


def an_unlink(client: str, customer: str, at: int) -> Link:
    """Ask at *at* to take *customer* away from a browser of the shop `demo`."""
    visitor = visitor_id("demo", client)
    return {
        "link_id": link_id("demo", "unlink", visitor, customer, str(at)),
        "shop_id": "demo",
        "action": "unlink",
        "identifier_type": "visitor",
        "identifier": visitor,
        "visitor_id": visitor,
        "client_id": client,
        "checkout_token": None,
        "order_id": None,
        "customer_id": customer,
        "session_id": None,
        "reason": "unlink",
        "event_id": "asked",
        "occurred_at": at,
        "received_at": at,
        "event": None,
    }
