"""Stitches what concerns one checkout: order webhooks, and what browsers and the hold tell of it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from schemas.codec import Codec
from schemas.identifiers import is_junk
from schemas.records import EpochMillis, Link, OrderReceived
from streams.rules import links, orders
from streams.rules.enrichment import splice
from streams.rules.halves import OrderState, deadline, halves_to_send, match_of
from streams.rules.purchases import (
    CheckoutState,
    checkout_key,
    is_contested,
    order_of,
    take_link,
    take_webhook,
    told,
    untold,
)
from streams.stitching.memory import Memory
from streams.stitching.outcomes import Due, Outcome, Shops, Source
from streams.stitching.products import Products

DEFAULT_HOLD_SECONDS: Final = 120
ORDERS: Final = 0
LINKS: Final = 1

Read = Callable[[bytes], bytes | None]


class Opened(NamedTuple):
    """One checkout while a record about it is stitched: its name, as it was, and as it is."""

    name: tuple[str, str]
    before: CheckoutState
    state: CheckoutState


class Checkouts:
    """The checkouts that one record is about. Take everything, then `close`."""

    def __init__(
        self, codec: Codec, products: Products, shops: Shops, memory: Memory[CheckoutState], read: Read
    ) -> None:
        """Take what is the same for every record; `begin` each."""
        self._codec = codec
        self._products = products
        self._shops = shops
        self._memory = memory
        self._read = read

    def begin(self, source: Source, outcome: Outcome, applied: int) -> None:
        """Begin a record; *applied* says which of a state's offsets are its topic's."""
        self._source, self._outcome, self._applied = source, outcome, applied
        self._open: dict[bytes, Opened] = {}

    def take_order(self, order: OrderReceived) -> None:
        """Take the shop's word on an order."""
        if order["checkout_token"] is not None and is_junk(order["checkout_token"]):
            self._outcome.count("junk", "checkout")
        key = checkout_key(order["checkout_token"], order["order_id"])
        if key is None:
            self._outcome.count("junk", "order")
            return
        before = self._checkout(order["shop_id"], key)
        self._settle(order["shop_id"], key, before, take_webhook(before, order), seen_at=order["received_at"])

    def take_link(self, link: Link) -> None:
        """Take that a browser used a checkout, or that an order has waited long enough."""
        shop_id, key = link["shop_id"], link["identifier"]
        before = self._checkout(shop_id, key)
        if link["reason"] == links.HOLD_OVER:
            self._settle(shop_id, key, before, before, seen_at=link["received_at"], hold_over=link["order_id"])
        else:
            after = take_link(before, link)
            if is_contested(after):
                self._outcome.count("junk", "contested")
            self._settle(shop_id, key, before, after, seen_at=link["received_at"])

    def _checkout(self, shop_id: str, checkout: str) -> CheckoutState:
        key = _key(shop_id, checkout)
        if key not in self._open:
            written = self._read(key)
            state = CheckoutState() if written is None else self._memory.read(key, written)
            self._open[key] = Opened((shop_id, checkout), state, state)
        return self._open[key].state

    def _settle(
        self,
        shop_id: str,
        checkout: str,
        before: CheckoutState,
        after: CheckoutState,
        *,
        seen_at: EpochMillis,
        hold_over: str | None = None,
    ) -> None:
        if self._source.offset <= before.applied[self._applied]:
            self._say_again(shop_id, checkout, before, seen_at)
            return
        settled = []
        for order in after.orders:
            now = seen_at if order.order_id == hold_over else None
            settled.append(self._send_if_ready(shop_id, after, order, now))
        after, news = untold(after._replace(orders=tuple(settled)))
        after = self._say_rows(shop_id, before, after, seen_at)
        for each in news:
            self._outcome.add_link(links.of_order(shop_id, checkout, each, seen_at))
        key = _key(shop_id, checkout)
        self._open[key] = self._open[key]._replace(state=after)

    def _send_if_ready(
        self, shop_id: str, state: CheckoutState, order: OrderState, now: EpochMillis | None
    ) -> OrderState:
        halves = halves_to_send(order, self._hold_ms(shop_id), now)
        if not halves:
            return order
        self._say_purchase(shop_id, state, order, halves)
        return order._replace(sent=halves)

    def _say_purchase(self, shop_id: str, state: CheckoutState, order: OrderState, halves: int) -> None:
        event, session_id, person_id = orders.to_purchase(shop_id, state, order, halves)
        products = self._products.facts_of(shop_id, event["items"], self._outcome)
        self._outcome.events.append(
            splice(self._codec.encode_bare("Event", event), session_id, person_id, products, False)
        )

    def _say_rows(
        self, shop_id: str, before: CheckoutState, after: CheckoutState, seen_at: EpochMillis
    ) -> CheckoutState:
        rows = []
        for order in after.orders:
            known = order_of(before, order.order_id)
            if known is None or orders.to_row(shop_id, before, known) != orders.to_row(shop_id, after, order):
                order = order._replace(version=max(order.version + 1, seen_at))
                self._outcome.add_order(orders.to_row(shop_id, after, order))
                if known is None or match_of(known) != match_of(order):
                    self._outcome.count("matched", match_of(order))
            rows.append(order)
        return after._replace(orders=tuple(rows))

    def _say_again(self, shop_id: str, checkout: str, state: CheckoutState, seen_at: EpochMillis) -> None:
        """Emit everything a checkout has come to, from the state as it is now. Changes nothing."""
        for order in state.orders:
            if order.sent:
                self._say_purchase(shop_id, state, order, order.sent)
            self._outcome.add_order(orders.to_row(shop_id, state, order))
        for each in told(state):
            self._outcome.add_link(links.of_order(shop_id, checkout, each, seen_at))

    def close(self) -> None:
        """Say what to keep, and which orders wait until when."""
        for (shop_id, checkout), before, state in self._open.values():
            if state == before:
                continue
            key, offset = _key(shop_id, checkout), self._source.offset
            applied = (offset, state.applied[1]) if self._applied == ORDERS else (state.applied[0], offset)
            self._outcome.checkouts[key] = self._memory.write(key, state._replace(applied=applied))
            self._outcome.due[key] = due_of(shop_id, checkout, state, self._hold_ms(shop_id))

    def _hold_ms(self, shop_id: str) -> int:
        return hold_seconds(self._shops, shop_id) * 1000


def hold_seconds(shops: Shops, shop_id: str) -> int:
    """Tell how long *shop_id* lets a purchase wait for its other half."""
    shop = shops.get(shop_id)
    return shop["purchase_hold_seconds"] if shop is not None else DEFAULT_HOLD_SECONDS


def due_of(shop_id: str, checkout: str, state: CheckoutState, hold_ms: int) -> tuple[Due, ...]:
    """List the orders of a checkout that wait for their other half."""
    ends = ((order.order_id, deadline(order, hold_ms)) for order in state.orders)
    return tuple(Due(shop_id, checkout, order_id, end) for order_id, end in ends if end is not None)


def _key(shop_id: str, checkout: str) -> bytes:
    return f"{shop_id}|{checkout}".encode()
