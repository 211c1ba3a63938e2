"""Stitches what concerns one checkout, cart or order: webhooks, and what browsers and the hold tell of it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from schemas.codec import Codec
from schemas.identifiers import is_junk
from schemas.records import EpochMillis, Link, OrderReceived
from streams.rules import checkouts, links, news, orders, purchases
from streams.rules.checkouts import CheckoutState, is_contested, is_order, order_key
from streams.rules.contacts import CONTACT_DAYS, forgotten
from streams.rules.halves import corrected, halves_to_send, has_half, is_another_purchase, match_of
from streams.stitching.forgetting import is_over
from streams.stitching.holds import due_of
from streams.stitching.memory import Memory
from streams.stitching.outcomes import Outcome, Shops, Source
from streams.stitching.products import Products
from streams.stitching.purchases import Purchases
from streams.stitching.terms import hold_seconds, most_browsers, place_days

ORDERS: Final = 0
LINKS: Final = 1

Read = Callable[[bytes], bytes | None]


class Opened(NamedTuple):
    """One place while a record about it is stitched: its name, as it was, and as it is."""

    name: tuple[str, str]
    before: CheckoutState
    state: CheckoutState


class Checkouts:
    """The places that one record is about. Take everything, then `close`."""

    def __init__(
        self, codec: Codec, products: Products, shops: Shops, memory: Memory[CheckoutState], read: Read
    ) -> None:
        """Take what is the same for every record; `begin` each."""
        self._codec = codec
        self._purchases = Purchases(codec, products)
        self._shops = shops
        self._memory = memory
        self._read = read

    def begin(self, source: Source, outcome: Outcome, applied: int) -> None:
        """Begin a record; *applied* says which of a state's offsets are its topic's."""
        self._source, self._outcome, self._applied = source, outcome, applied
        self._open: dict[bytes, Opened] = {}

    def take_order(self, order: OrderReceived) -> None:
        """Take the shop's word on an order."""
        place = order_key(order["order_id"])
        if place is None:
            self._outcome.count("junk", "order")
            return
        if order["checkout_token"] is not None and is_junk(order["checkout_token"]):
            self._outcome.count("junk", "checkout")
        self._take(order["shop_id"], place, order["received_at"], lambda state: purchases.take_webhook(state, order))

    def take_link(self, link: Link) -> None:
        """Take what browsers, orders and the hold tell a place."""
        shop_id, place, received_at = link["shop_id"], link["identifier"], link["received_at"]
        if link["reason"] == news.HOLD_OVER:
            self._take(shop_id, place, received_at, lambda state: state, now=received_at)
        elif is_order(place):
            self._take(shop_id, place, received_at, lambda state: _at_order(state, link))
        elif link["reason"] == links.CART:
            self._take(shop_id, place, received_at, lambda state: checkouts.take_end(state, link))
        elif link["reason"] == news.ORDER:
            self._take(shop_id, place, received_at, lambda state: checkouts.take_order(state, link))
        else:
            self._take(shop_id, place, received_at, lambda state: checkouts.take_use(state, link))

    def _take(
        self,
        shop_id: str,
        place: str,
        heard: EpochMillis,
        change: Callable[[CheckoutState], CheckoutState],
        now: EpochMillis | None = None,
    ) -> None:
        before = self._checkout(shop_id, place, heard)
        if self._source.offset <= before.applied[self._applied]:
            self._say_again(shop_id, place, before)
            return
        after = self._settled(shop_id, place, before, purchases.with_beside(before, change(before)), now)
        after = self._say_row(shop_id, before, after, heard)
        for link in self._news(shop_id, place, before, after):
            self._outcome.add_link(link)
        if after != before:
            after = after._replace(heard=max(after.heard, heard))
        key = _key(shop_id, place)
        self._open[key] = self._open[key]._replace(state=after)

    def _checkout(self, shop_id: str, place: str, now: EpochMillis) -> CheckoutState:
        key = _key(shop_id, place)
        if key not in self._open:
            written = self._read(key)
            state = CheckoutState() if written is None else self._memory.read(key, written)
            if not purchases.waiting_since(state):
                state = self._remembered(state, now, place_days(self._shops, shop_id, place))
            self._open[key] = Opened((shop_id, place), state, state)
        return self._open[key].state

    @staticmethod
    def _remembered(state: CheckoutState, now: EpochMillis, days: int) -> CheckoutState:
        if is_over(state.heard, now, days):
            return CheckoutState(state.applied)
        return forgotten(state) if is_over(state.heard, now, CONTACT_DAYS) else state

    def _settled(
        self, shop_id: str, place: str, before: CheckoutState, state: CheckoutState, now: EpochMillis | None
    ) -> CheckoutState:
        """Send what is ready to leave, each once; and again under its name when another browser turns out its first."""
        order, hold_ms = state.order, self._hold_ms(shop_id)
        if order is None:
            if now is None or not purchases.leaves_alone(state, hold_ms, now):
                return state
            self._purchases.say(shop_id, state, purchases.unnamed_order(shop_id, place, state), self._outcome)
            return state._replace(unnamed_for=checkouts.ALONE, bare=False)
        if before.order is not None and is_another_purchase(before.order, order):
            self._purchases.take_back(shop_id, before, before.order, self._outcome)
        sent = halves_to_send(order, hold_ms, now)
        leaving = order._replace(sent=sent) if sent else corrected(before.order, order)
        if leaving is None:
            return state
        self._purchases.say(shop_id, state, leaving, self._outcome)
        return state._replace(order=leaving, bare=False)

    def _say_row(
        self, shop_id: str, before: CheckoutState, after: CheckoutState, seen_at: EpochMillis
    ) -> CheckoutState:
        order, known = after.order, before.order
        if order is None or not has_half(order):
            return after
        if known is not None and orders.to_row(shop_id, before, known) == orders.to_row(shop_id, after, order):
            return after
        order = order._replace(version=max(order.version + 1, seen_at))
        self._outcome.add_order(orders.to_row(shop_id, after, order))
        if known is None or match_of(known) != match_of(order):
            self._outcome.count("matched", match_of(order))
        return after._replace(order=order)

    def _news(self, shop_id: str, place: str, before: CheckoutState, after: CheckoutState) -> list[Link]:
        if after == before:
            return []
        most = most_browsers(self._shops, shop_id)
        if is_contested(after, most):
            self._outcome.count("junk", "contested")
        known = news.of_place(shop_id, place, before, most_visitors=most)
        said = news.of_place(shop_id, place, after, most_visitors=most)
        return [link for link_id, link in said.items() if link_id not in known]

    def _say_again(self, shop_id: str, place: str, state: CheckoutState) -> None:
        """Emit everything a place has come to, from the state as it is now. Changes nothing.

        Not a purchase of which something has been forgotten since: it left long ago, and would be another.
        """
        order = state.order
        if order is not None and has_half(order):
            if order.sent and not order.left_as and not state.bare:
                self._purchases.say(shop_id, state, order, self._outcome)
            self._outcome.add_order(orders.to_row(shop_id, state, order))
        if state.unnamed_for == checkouts.ALONE and not state.bare:
            self._purchases.say(shop_id, state, purchases.unnamed_order(shop_id, place, state), self._outcome)
        most = most_browsers(self._shops, shop_id)
        for link in news.of_place(shop_id, place, state, most_visitors=most).values():
            self._outcome.add_link(link)

    def close(self) -> None:
        """Say what to keep, and which orders wait until when."""
        for (shop_id, place), before, state in self._open.values():
            if state == before:
                continue
            key, offset = _key(shop_id, place), self._source.offset
            applied = (offset, state.applied[1]) if self._applied == ORDERS else (state.applied[0], offset)
            self._outcome.checkouts[key] = self._memory.write(key, state._replace(applied=applied))
            self._outcome.due[key] = due_of(shop_id, place, state, self._hold_ms(shop_id))

    def _hold_ms(self, shop_id: str) -> int:
        return hold_seconds(self._shops, shop_id) * 1000


def _at_order(state: CheckoutState, link: Link) -> CheckoutState:
    """Take what a checkout or a browser tells an order; *link* names the order by its place."""
    order_id = link["identifier"].partition(":")[2]
    if link["reason"] == news.CONTEXT:
        return purchases.take_context(state, link)
    if link["reason"] == news.UNNAMED:
        return purchases.take_lent(state, link, order_id)
    if link["reason"] == news.DEPARTED:
        return purchases.take_lent(state, link, order_id, left_as=link["event_id"])
    if link["reason"] == news.ANOTHER:
        return purchases.take_another(state, link)
    return purchases.take_half(state, link, order_id)


def _key(shop_id: str, place: str) -> bytes:
    return f"{shop_id}|{place}".encode()
