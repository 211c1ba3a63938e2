"""Decides when a purchase leaves, with which of its halves, and what its row says of them.

In: an order as far as it is known. Out: a decision. A half that came to us later than the hold after the first is
never waited for, so a replay decides the same.
"""

from typing import Final, NamedTuple

from schemas.records import EpochMillis, Event, Link, OrderReceived

WEBHOOK: Final = 1
PIXEL: Final = 2
BOTH: Final = WEBHOOK | PIXEL
TAKEN_BACK: Final = 4
"""Beside the halves a purchase left with by itself, where it turned out to have left before."""
MAX_RETRACTED: Final = 8
MAX_LENT: Final = 3
"""Completions that name no order, of so many checkouts and carts: each may be large (`streams.tables`)."""


class Half(NamedTuple):
    """What a browser said of the checkout, and the session it said it in."""

    event: Event
    session_id: str
    customer_id: str | None

    @property
    def position(self) -> tuple[EpochMillis, str]:
        """Where it stands among what browsers said: of two completions of one order the first counts."""
        return (self.event["occurred_at"], self.event["event_id"])


def half_of(link: Link) -> Half | None:
    """Read what a browser said from *link*, without a shop's own data, which no purchase carries."""
    event = link["event"]
    if event is None:
        return None
    return Half({**event, "properties": None}, link["session_id"] or "", link["customer_id"])


class Said(NamedTuple):
    """As whose, and of when, a purchase was said."""

    visitor_id: str
    occurred_at: EpochMillis


class Lent(NamedTuple):
    """A completion that names no order; *place* says whose it is. *left_as*: the event id it left with alone."""

    place: str
    half: Half
    left_as: str = ""


class OrderState(NamedTuple):
    """One order. *opening* is the first webhook; *latest* the newest, without contact data. *named*: a completion that
    names the order; *lent*: those which do not, the first first. *sent*: the halves its purchase left with, and whether
    that was taken back; 0 is not yet. *left_as*: the event id it left with, where that is not named after the order.
    *retracted*: as whose it was said before, and is no more. *beside*: the one word of a browser, or none, that it left
    with instead of a half, where we have heard a later one since.
    """

    order_id: str
    opening: OrderReceived | None = None
    latest: OrderReceived | None = None
    named: Half | None = None
    sent: int = 0
    version: int = 0
    left_as: str = ""
    retracted: tuple[Said, ...] = ()
    lent: tuple[Lent, ...] = ()
    beside: tuple[Half | None, ...] = ()

    @property
    def pixel(self) -> Half | None:
        """The browser's half: of all completions the first."""
        if not self.lent:
            return self.named
        first = self.lent[0].half
        return first if self.named is None or first.position < self.named.position else self.named


def with_lent(order: OrderState, lent: Lent) -> OrderState:
    """Take that a completion is said to be of *order*; of too many the first."""
    known = [*(each for each in order.lent if each.place != lent.place), lent]
    known.sort(key=lambda each: each.half.position)
    return _left(order._replace(lent=tuple(known[:MAX_LENT])))


def without_lent(order: OrderState, place: str) -> OrderState:
    """Take that what *place* lent is another order's.

    A purchase that leaves without any completion waits for one first: so this one waits again.
    """
    after = order._replace(lent=tuple([each for each in order.lent if each.place != place]))
    if order.opening is None or len(after.lent) == len(order.lent):
        return order
    said = said_as(order)
    return _left(after) if said is None or after.pixel is not None else _taken_back(after._replace(sent=0), said)


def _left(order: OrderState) -> OrderState:
    """Tell as what *order* left: under the name of a checkout where it did, else with the halves it had itself."""
    left_as = next((each.left_as for each in order.lent if each.left_as), "")
    alone = order.sent & BOTH if not order.left_as or order.sent & TAKEN_BACK else 0
    if left_as:
        return order._replace(sent=alone | TAKEN_BACK if alone else PIXEL, left_as=left_as)
    waits = alone & PIXEL and order.pixel is None
    return order._replace(sent=0 if waits else alone, left_as="")


def has_half(order: OrderState) -> bool:
    """Tell whether anybody has told of the order at all."""
    return order.opening is not None or order.pixel is not None


def said_as(order: OrderState) -> Said | None:
    """Tell as whose a purchase is said that has left here, with its browser's half; None of another."""
    if not order.sent & PIXEL or order.pixel is None or order.left_as:
        return None
    half = order.opening if order.sent & WEBHOOK and order.opening is not None else order.pixel.event
    return Said(order.pixel.event["visitor_id"], half["occurred_at"])


def corrected(before: OrderState | None, order: OrderState) -> OrderState | None:
    """Write a purchase that has left as it must be said now, when another completion turns out its first; else None.

    Taken back is as whose it was said, when that was another browser's.
    """
    if before is None:
        return None
    if before.left_as and order.sent and not order.left_as:  # was taken back
        return order
    said, now = said_as(before), said_as(order)
    if said is None or now is None:
        return None
    if said != now:
        return _taken_back(order, said)
    return None if before.pixel == order.pixel else order


def is_another_purchase(before: OrderState, order: OrderState) -> bool:
    """Tell whether a purchase that left by itself turns out one that had left before, under its checkout's name."""
    was_said = before.sent != 0 or before.retracted != ()
    return was_said and not before.left_as and order.left_as != ""


def _taken_back(order: OrderState, said: Said) -> OrderState:
    return order._replace(retracted=(*(each for each in order.retracted if each != said), said)[-MAX_RETRACTED:])


def deadline(order: OrderState, hold_ms: int) -> EpochMillis | None:
    """Tell until when an order that has not left waits for its other half."""
    return None if order.sent else first_seen(order) + hold_ms


def first_seen(order: OrderState) -> EpochMillis:
    """Tell when the first half came to us."""
    halves = [order.opening["received_at"]] if order.opening else []
    halves += [order.pixel.event["received_at"]] if order.pixel else []
    return min(halves)


def halves_to_send(order: OrderState, hold_ms: int, now: EpochMillis | None) -> int:
    """Decide with which halves a purchase leaves; 0: not, or not yet. *now* None: nobody knows how late it is."""
    if order.sent:
        return 0
    end = first_seen(order) + hold_ms
    present = WEBHOOK if order.opening is not None and order.opening["received_at"] <= end else 0
    if order.pixel is not None and order.pixel.event["received_at"] <= end:
        present |= PIXEL
    both_known = order.opening is not None and order.pixel is not None
    return present if both_known or (now is not None and now > end) else 0


def match_of(order: OrderState) -> str:
    """Say how the halves met: `held`, `matched`, `pixel_only`, `webhook_only`, or `late`: too late for the purchase."""
    if not order.sent:
        return "held"
    if order.opening is not None and order.pixel is not None:
        return "matched" if order.sent == BOTH else "late"
    return "webhook_only" if order.opening is not None else "pixel_only"
