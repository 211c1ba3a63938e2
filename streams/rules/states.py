"""Writes what is remembered of visitors and checkouts as bytes for a table, and reads it back.

Layout, integers big-endian, times in milliseconds: version (1 byte); when it was last heard of (8); of a visitor the
length of `seen` (2) and `seen`, of a checkout since when an order waits for its other half (8; 0: none waits) and
whether it holds contact data (1); then the other fields as one JSON array. A later layout gets a new version, and from
the first release on a reader for the old one. Version 1, without word of contact data, is no longer read.
"""

from typing import Any, Final

import orjson

from schemas.records import EpochMillis
from streams.rules.absorbed import Absorbed
from streams.rules.campaigns import NONE, Campaign
from streams.rules.carts import NONE as NO_CARTS
from streams.rules.carts import Carts
from streams.rules.checkouts import CheckoutState, Client, Made, Owner
from streams.rules.contacts import forgotten, has_contact
from streams.rules.customers import Browser, CustomerState
from streams.rules.evidence import Evidence, Unlink
from streams.rules.halves import Half, Lent, OrderState, Said
from streams.rules.identities import Span
from streams.rules.open_sessions import Entry, Landing, OpenSession
from streams.rules.purchases import waiting_since
from streams.rules.visitors import Mark, VisitorState

VERSION: Final = 2
_VERSION: Final = bytes([VERSION])
_NO, _YES = bytes([0]), bytes([1])


class UnknownStateError(ValueError):
    """These bytes are no state that this release can read."""


def visitor_to_bytes(state: VisitorState) -> bytes:
    """Write *state*."""
    seen, rest = state.seen, (*state[:2], *state[3:])
    heard, length = state.heard.to_bytes(8, "big"), len(seen).to_bytes(2, "big")
    return b"".join((_VERSION, heard, length, seen, orjson.dumps(rest, default=tuple)))


def visitor_from_bytes(written: bytes) -> VisitorState:
    """Read what `visitor_to_bytes` wrote.

    Raises:
        UnknownStateError: a version this release does not know.
    """
    _check(written)
    end = 11 + int.from_bytes(written[9:11], "big")
    fields = orjson.loads(written[end:])
    client_id, applied, latest, received, sessions, absorbed, spans, evidence, only, version, *fields = fields
    logins, tokens, fbp, fbc, unlinks, heard, (seen_carts, ended) = fields
    return VisitorState(
        client_id,
        tuple(applied),
        written[11:end],
        latest,
        received,
        tuple([_session(each) for each in sessions]),
        tuple([Absorbed(_session(session), *rest) for session, *rest in absorbed]),
        tuple([Span(*each) for each in spans]),
        tuple([Evidence(*each) for each in evidence]),
        only,
        version,
        tuple([Mark(*each) for each in logins]),
        tuple([Mark(*each) for each in tokens]),
        fbp,
        fbc,
        tuple([Unlink(*each) for each in unlinks]),
        heard,
        Carts(_named(seen_carts), _named(ended)) if seen_carts or ended else NO_CARTS,
    )


def _named(fields: list[Any]) -> tuple[tuple[EpochMillis, str], ...]:
    return tuple([(time, name) for time, name in fields])


def _session(fields: list[Any]) -> OpenSession:
    session_id, started_at, ended_at, first, day, counts, entry, version, campaign, steps, landings, parted = fields
    return OpenSession(
        session_id,
        started_at,
        ended_at,
        tuple(first),
        day,
        tuple(counts),
        Entry(*entry),
        version,
        Campaign(*campaign) if campaign[0] or campaign[1] else NONE,
        steps,
        tuple([Landing(Campaign(*named), Entry(*began)) for named, began in landings]),
        parted,
    )


def checkout_to_bytes(state: CheckoutState) -> bytes:
    """Write *state*."""
    heard, waiting = state.heard.to_bytes(8, "big"), waiting_since(state).to_bytes(8, "big")
    contact = _YES if has_contact(state) else _NO
    return b"".join((_VERSION, heard, waiting, contact, orjson.dumps(tuple(state), default=tuple)))


def customer_to_bytes(state: CustomerState) -> bytes:
    """Write *state*; laid out as a checkout, and like one that waits for nothing."""
    heard = state.heard.to_bytes(8, "big")
    return b"".join((_VERSION, heard, bytes(8), _NO, orjson.dumps(tuple(state), default=tuple)))


def customer_from_bytes(written: bytes) -> CustomerState:
    """Read what `customer_to_bytes` wrote.

    Raises:
        UnknownStateError: a version this release does not know.
    """
    _check(written)
    applied, browsers, heard = orjson.loads(written[18:])
    return CustomerState(tuple(applied), tuple([Browser(*each) for each in browsers]), heard)


def heard_of(written: bytes) -> EpochMillis:
    """Tell, without reading it all, when we last heard of the visitor or the checkout *written*."""
    return int.from_bytes(written[1:9], "big")


def heard_of_checkout(written: bytes) -> EpochMillis:
    """As `heard_of`, but 0 for a checkout that waits: that is never forgotten."""
    return 0 if is_waiting(written) else heard_of(written)


def is_waiting(written: bytes) -> bool:
    """Tell, without reading it all, whether an order of the checkout *written* waits for its other half."""
    return written[9:17] != bytes(8)


def without_contact(written: bytes) -> bytes | None:
    """Leave contact data out of the checkout or the order *written*; None where there is none."""
    return checkout_to_bytes(forgotten(checkout_from_bytes(written))) if written[17:18] == _YES else None


def checkout_from_bytes(written: bytes) -> CheckoutState:
    """Read what `checkout_to_bytes` wrote.

    Raises:
        UnknownStateError: a version this release does not know.
    """
    _check(written)
    applied, clients, owners, context, unnamed, unnamed_for, orders, order, *rest = orjson.loads(written[18:])
    checkouts, refunds, heard, ends, bare = rest
    return CheckoutState(
        tuple(applied),
        tuple([Client(*each) for each in clients]),
        tuple([Owner(*each) for each in owners]),
        _half(context),
        _half(unnamed),
        unnamed_for,
        tuple([Made(*each) for each in orders]),
        None if order is None else _order(*order),
        tuple(checkouts),
        tuple([(refund, amount) for refund, amount in refunds]),
        heard,
        _named(ends),
        bare,
    )


def _order(order_id: str, opening: Any, latest: Any, named: Any, *rest: Any) -> OrderState:
    sent, version, left_as, retracted, lent, beside = rest
    said = tuple([Said(*each) for each in retracted])
    known = tuple([Lent(place, Half(*half), left) for place, half, left in lent])
    alone = tuple(map(_half, beside))
    return OrderState(order_id, opening, latest, _half(named), sent, version, left_as, said, known, alone)


def _half(fields: list[Any] | None) -> Half | None:
    return None if fields is None else Half(*fields)


def _check(written: bytes) -> None:
    if written[:1] != _VERSION:
        raise UnknownStateError(f"state of version {written[:1].hex()}; this release reads {VERSION:02x}")
