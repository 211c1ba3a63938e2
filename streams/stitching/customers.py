"""Stitches what concerns one customer id: who names it, and whether they are too many."""

from collections.abc import Callable

from schemas.identifiers import is_junk
from schemas.records import Link
from streams.rules import customers
from streams.rules.customers import CustomerState
from streams.rules.identities import identifies
from streams.stitching.forgetting import is_over
from streams.stitching.memory import Memory
from streams.stitching.outcomes import Outcome, Shops, Source
from streams.stitching.terms import most_browsers_of_customer, place_days

Read = Callable[[bytes], bytes | None]


class Customers:
    """The customer ids that links are about."""

    def __init__(self, shops: Shops, memory: Memory[CustomerState], read: Read) -> None:
        """Take what is the same for every record."""
        self._shops, self._memory, self._read = shops, memory, read

    def take_link(self, link: Link, source: Source, outcome: Outcome) -> None:
        """Take that a browser named a customer."""
        shop_id, customer = link["shop_id"], link["customer_id"]
        is_nobody = link["visitor_id"] is None or link["client_id"] is None
        if customer is None or is_junk(customer) or not identifies(customer) or is_nobody:
            outcome.count("junk", "customer")
            return
        place, most = f"customer:{customer}", most_browsers_of_customer(self._shops, shop_id)
        key = f"{shop_id}|{place}".encode()
        before = self._state(key, link, place_days(self._shops, shop_id, place))
        is_replay = source.offset <= before.applied[1]
        after = before if is_replay else customers.take_browser(before, link, most)
        # All of them only now and then: everybody may name such an id, all the time.
        every = is_replay or after is not before
        for unlink in (customers.unlinks if every else customers.unlink_here)(after, link, most):
            outcome.add_link(unlink)
        if len(after.browsers) > most:
            outcome.count("junk", "contested")
        if after is not before:
            after = after._replace(applied=(after.applied[0], source.offset))
            outcome.checkouts[key] = self._memory.write(key, after)

    def _state(self, key: bytes, link: Link, days: int) -> CustomerState:
        written = self._read(key)
        state = CustomerState() if written is None else self._memory.read(key, written)
        return CustomerState(state.applied) if is_over(state.heard, link["received_at"], days) else state
