"""Takes one record apart and gives each of its members to the rules."""

from collections.abc import Callable
from typing import Any, Final

from schemas import topics
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Link
from streams.rules import links
from streams.rules.catalogs import Catalog
from streams.rules.states import (
    checkout_from_bytes,
    checkout_to_bytes,
    customer_from_bytes,
    customer_to_bytes,
    visitor_from_bytes,
    visitor_to_bytes,
)
from streams.stitching import checkouts, visits
from streams.stitching.checkouts import Checkouts, Read
from streams.stitching.customers import Customers
from streams.stitching.memory import Memory
from streams.stitching.outcomes import Outcome, Shops, Source
from streams.stitching.products import Products
from streams.stitching.visits import Visits

# topic -> the record its envelopes hold
_MEMBERS: Final = {
    topics.EVENTS_RECEIVED.name: ("EventEnvelope", "Event"),
    topics.ORDERS_RECEIVED.name: ("OrderEnvelope", "OrderReceived"),
}


class Stitcher:
    """Stitches records against two tables, the shops and the catalog as they are at that moment. Does no I/O."""

    def __init__(
        self, codec: Codec, catalog: Catalog, shops: Shops, *, read_visitor: Read, read_checkout: Read
    ) -> None:
        """Take what records are stitched against; *read_visitor* and *read_checkout* look into the tables."""
        self._codec = codec
        products = Products(codec, catalog)
        visitors = Memory(visitor_from_bytes, visitor_to_bytes)
        self._visits = Visits(codec, products, shops, visitors, read_visitor)
        known = Memory(checkout_from_bytes, checkout_to_bytes)
        self._checkouts = Checkouts(codec, products, shops, known, read_checkout)
        self._customers = Customers(shops, Memory(customer_from_bytes, customer_to_bytes), read_checkout)

    def stitch(self, source: Source) -> Outcome:
        """Stitch one record. What is bad in it is rejected alone; the rest goes on."""
        outcome = Outcome(self._codec, source)
        try:
            if source.topic == topics.IDENTITIES_LINKED.name:
                self._stitch_link(source, outcome)
            elif source.topic == topics.ORDERS_RECEIVED.name:
                self._checkouts.begin(source, outcome, checkouts.ORDERS)
                self._each_member(source, outcome, lambda order, _: self._checkouts.take_order(order))
                self._checkouts.close()
            else:
                self._visits.begin(source, outcome, visits.EVENTS)
                self._each_member(source, outcome, self._visits.take_event)
                self._visits.close()
        except TerminalError as exc:
            outcome.reject(exc.reason, source.value or b"", field=exc.field, detail=exc.detail)
        except Exception as exc:  # a bug of ours must not stop the worker for ever: the record waits for its repair
            outcome = Outcome(self._codec, source)
            outcome.reject("rule_failed", source.value or b"", detail=type(exc).__name__)
        return outcome

    def _each_member(self, source: Source, outcome: Outcome, take: Callable[[Any, bytes], None]) -> None:
        envelope, name = _MEMBERS[source.topic]
        for number, (member, written) in enumerate(self._codec.members(name, source.value)):
            outcome.received_at = max(outcome.received_at, member["received_at"])
            try:
                take(member, written)
            except Exception as exc:  # one bad member must not stop the others, nor the worker for ever
                alone = self._codec.envelope(envelope, [written])
                outcome.reject(
                    "rule_failed", alone, shop_id=member["shop_id"], member=number, detail=type(exc).__name__
                )

    def _stitch_link(self, source: Source, outcome: Outcome) -> None:
        link: Link = self._codec.decode_as("Link", source.value)
        outcome.received_at = link["received_at"]
        if link["action"] not in (links.LINK, links.UNLINK):
            raise TerminalError("bad_value", "action", "neither link nor unlink")
        if link["identifier_type"] == "checkout" and link["action"] == links.LINK:
            self._checkouts.begin(source, outcome, checkouts.LINKS)
            self._checkouts.take_link(link)
            self._checkouts.close()
        elif link["identifier_type"] == "customer" and link["action"] == links.LINK:
            self._customers.take_link(link, source, outcome)
        elif link["identifier_type"] == "visitor":
            self._visits.begin(source, outcome, visits.LINKS)
            self._visits.take_link(link)
            self._visits.close()
        else:
            raise TerminalError("bad_value", "identifier_type", f"no {link['action']} is of this")
