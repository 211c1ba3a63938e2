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
from streams.stitching.terms import most_browsers_of_customer, visitor_days

Read = Callable[[bytes], bytes | None]


class Customers:
    """The customer ids that links are about."""

    def __init__(self, shops: Shops, memory: Memory[CustomerState], read: Read) -> None:
        """Take what is the same for every record."""
        self._shops, self._memory, self._read = shops, memory, read

    def take_link(self, link: Link, source: Source, outcome: Outcome) -> None:
        """Take that a browser named a customer."""
        shop_id, customer = link["shop_id"], link["customer_id"]
        if customer is None or is_junk(customer) or not identifies(customer) or link["visitor_id"] is None:
            outcome.count("junk", "customer")
            return
        key, most = f"{shop_id}|customer:{customer}".encode(), most_browsers_of_customer(self._shops, shop_id)
        before = self._state(key, link)
        after = before
        if source.offset > before.applied[1]:
            after = customers.take_browser(before, link, most)
        for unlink in customers.unlinks(after, link, most):
            outcome.add_link(unlink)
        if len(after.browsers) > most:
            outcome.count("junk", "contested")
        if after is not before:
            after = after._replace(
                applied=(after.applied[0], source.offset), heard=max(after.heard, link["received_at"])
            )
            outcome.checkouts[key] = self._memory.write(key, after)

    def _state(self, key: bytes, link: Link) -> CustomerState:
        written = self._read(key)
        state = CustomerState() if written is None else self._memory.read(key, written)
        if is_over(state.heard, link["received_at"], visitor_days(self._shops, link["shop_id"])):
            return CustomerState(state.applied)
        return state
