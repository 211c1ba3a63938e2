"""Stitches what concerns one browser: its events, and what links tell of it."""

from collections.abc import Callable, Iterable
from typing import Final

from schemas.codec import Codec
from schemas.identifiers import is_junk
from schemas.records import EpochMillis, Event, Link, Shop
from streams.rules import links
from streams.rules.absorbed import absorbed_by
from streams.rules.browser_ids import with_browser_ids
from streams.rules.campaigns import campaign_of
from streams.rules.carts import Pair, pairs
from streams.rules.days import local_day
from streams.rules.enrichment import splice
from streams.rules.identities import identifies
from streams.rules.persons import customer_of, knows, learn, person_of, unlearn
from streams.rules.seen import was_seen
from streams.rules.sizes import MAX_BYTES, lighter
from streams.rules.visitors import Bounds, Mark, Shown, Visit, VisitorState, said_in, visit
from streams.stitching.forgetting import is_over
from streams.stitching.memory import Memory
from streams.stitching.outcomes import Addressed, Outcome, Shops, Source
from streams.stitching.products import Products
from streams.stitching.showing import shown_by
from streams.stitching.terms import visitor_days
from streams.stitching.visitor import Visitor

DEFAULT_GAP_SECONDS: Final = 1800
EVENTS: Final = 0
LINKS: Final = 1

Read = Callable[[bytes], bytes | None]


class Visits:
    """The browsers that one record is about. Take everything, then `close`."""

    def __init__(
        self, codec: Codec, products: Products, shops: Shops, memory: Memory[VisitorState], read: Read
    ) -> None:
        """Take what is the same for every record; `begin` each."""
        self._codec = codec
        self._products = products
        self._shops = shops
        self._memory = memory
        self._read = read
        self._open: dict[bytes, Visitor] = {}

    def begin(self, source: Source, outcome: Outcome, applied: int) -> None:
        """Begin a record; *applied* says which of a state's offsets are its topic's."""
        self._source, self._outcome, self._applied = source, outcome, applied
        self._open = {}

    def take_event(self, event: Event, written: bytes) -> None:
        """Stitch *event*, whose bare bytes are *written*."""
        shop = self._shops.get(event["shop_id"])
        visitor = self._visitor(event["shop_id"], event["visitor_id"], event["client_id"], event["received_at"])
        seen = was_seen(visitor.state.seen, event["event_id"])
        if visitor.is_replay:
            if event["event_id"] in visitor.said:
                return
            visitor.said.add(event["event_id"])
            self._outcome.count("replayed")
            self._say_again(visitor, event, written, late=bool(seen), day=_day(shop, event))
        elif seen is not None:
            self._outcome.count("duplicate")
        else:
            self._say(visitor, event, written, shop)

    def _say(self, visitor: Visitor, event: Event, written: bytes, shop: Shop | None) -> None:
        shown = shown_by(event, self._outcome)
        before = visitor.state
        done = visit(before, event, shown, _bounds(shop, event))
        told = self._links(before, done, event, shown)
        self._outcome.events.append(self._enriched(done.state, event, written, done.session.session_id, late=done.late))
        self._outcome.links += told
        visitor.take(done)
        self._outcome.count("stitched")
        if done.late:
            self._outcome.count("late")

    def _links(self, before: VisitorState, done: Visit, event: Event, shown: Shown) -> list[Addressed]:
        customer, token, order = shown
        told = []
        if customer is not None and done.state.logins is not before.logins:
            told.append(self._outcome.address(links.of_login(event, customer, done.session.session_id)))
        if token is not None and (done.state.tokens is not before.tokens or event["name"] == links.COMPLETED):
            told.append(self._checkout_link(done.state, event, token, done.session.session_id))
        if order is not None:
            told.append(self._checkout_link(done.state, event, order, done.session.session_id))
        if done.state.carts is not before.carts:
            told += self._cart_links(set(pairs(done.state.carts)) - set(pairs(before.carts)), event)
        return told

    def _cart_links(self, found: Iterable[Pair], event: Event) -> list[Addressed]:
        return [self._outcome.address(links.of_cart(event, *each)) for each in sorted(found)]

    def _checkout_link(self, state: VisitorState, event: Event, key: str, session_id: str) -> Addressed:
        full = with_browser_ids(event, state.fbp, state.fbc)
        customer = customer_of(state, event["occurred_at"])
        return self._outcome.address(links.of_checkout(full, key, customer, session_id))

    def _say_again(self, visitor: Visitor, event: Event, written: bytes, *, late: bool, day: int) -> None:
        """Emit what *event* came to the first time, from the state as it is now. Changes nothing."""
        state = visitor.state
        session = said_in(state, event, day)
        if session is None:
            return
        self._outcome.events.append(self._enriched(state, event, written, session, late=late))
        visitor.touched.add(session)
        visitor.absorbed += absorbed_by(state.absorbed, event["event_id"])
        customer, token, order = shown_by(event, self._outcome)
        if customer is not None and _marked(state.logins, event):
            self._outcome.add_link(links.of_login(event, customer, session))
        if token is not None and (_marked(state.tokens, event) or event["name"] == links.COMPLETED):
            self._outcome.links.append(self._checkout_link(state, event, token, session))
        if order is not None:
            self._outcome.links.append(self._checkout_link(state, event, order, session))
        if token is not None and (event["cart_token"] or event["name"] == links.COMPLETED):
            self._outcome.links += self._cart_links(pairs(state.carts), event)

    def _enriched(self, state: VisitorState, event: Event, written: bytes, session_id: str, *, late: bool) -> bytes:
        full = with_browser_ids(event, state.fbp, state.fbc)
        if full is not event:
            written = self._codec.encode_bare("Event", full)
        products = self._products.facts_of(event["shop_id"], event["items"], self._outcome)
        person = person_of(state, event["shop_id"], event["visitor_id"], event["occurred_at"])
        return splice(written, session_id, person, products, late)

    def take_link(self, link: Link) -> None:
        """Take that a customer used this browser, as an order elsewhere tells, or that this is not so."""
        customer, client = link["customer_id"], link["client_id"]
        contested = link["reason"] == links.CONTESTED
        if client is None or not (contested or (not is_junk(customer) and identifies(customer))):
            self._outcome.count("junk", "customer")
            return
        visitor = self._visitor(link["shop_id"], link["identifier"], client, link["received_at"])
        before, received = visitor.state, link["received_at"]
        if link["action"] == links.LINK and (visitor.is_replay or not knows(before, customer or "")):
            self._outcome.add_link(links.of_learned(link))
        if visitor.is_replay:
            return
        if link["action"] == links.UNLINK:
            visitor.state = unlearn(before, links.taken_back(link), received)
            asked = "contested" if link["reason"] == links.CONTESTED else "asked"
            self._outcome.count("unlinked", asked if visitor.state.only != before.only else "nothing")
        else:
            visitor.state = learn(before, links.evidence_of(link))
        visitor.received = max(visitor.received, received)

    def _visitor(self, shop_id: str, visitor_id: str, client_id: str, now: EpochMillis) -> Visitor:
        key = f"{shop_id}|{visitor_id}".encode()
        visitor = self._open.get(key)
        if visitor is None:
            written = self._read(key)
            state = VisitorState(client_id) if written is None else self._memory.read(key, written)
            if is_over(state.heard, now, visitor_days(self._shops, shop_id)):
                state = VisitorState(client_id, state.applied)
            visitor = Visitor(shop_id, visitor_id, state, self._source.offset <= state.applied[self._applied])
            self._open[key] = visitor
        return visitor

    def close(self) -> None:
        """Say how sessions and timelines stand now, and what to keep."""
        for key, visitor in self._open.items():
            visitor.close(self._outcome)
            if visitor.state is not visitor.before:
                offset, applied = self._source.offset, visitor.state.applied
                applied = (offset, applied[1]) if self._applied == EVENTS else (applied[0], offset)
                self._outcome.visitors[key] = self._written(key, visitor.state._replace(applied=applied))

    def _written(self, key: bytes, state: VisitorState) -> bytes:
        written = self._memory.write(key, state)
        while len(written) > MAX_BYTES and (smaller := lighter(state)) is not state:
            state, written = smaller, self._memory.write(key, smaller)
        return written


def _marked(marks: tuple[Mark, ...], event: Event) -> bool:
    return any(mark.event_id == event["event_id"] for mark in marks)


def _bounds(shop: Shop | None, event: Event) -> Bounds:
    if shop is None:
        return Bounds(DEFAULT_GAP_SECONDS * 1000, campaign=campaign_of(event))
    campaign = campaign_of(event) if shop["campaign_boundary"] else None
    return Bounds(shop["session_gap_seconds"] * 1000, _day(shop, event), campaign)


def _day(shop: Shop | None, event: Event) -> int:
    return local_day(event["occurred_at"], shop["time_zone"]) if shop is not None and shop["day_boundary"] else 0
