"""Says what taking a customer from a browser would change, before it is done: names come in, a `Proposal` goes out.

`storestream identities unlink` and `POST /v1/shops/{shop}/identities/unlink` show it, and send its record to Kafka.
"""

import time
from datetime import datetime
from typing import Final, NamedTuple

from analytics.evidence import devices_of, evidence_of
from analytics.identities import UNLINK, Device, Evidence, sentence, shows_customer, unlink_of
from analytics.lookups import look_up
from connectors.kafka import unlinking
from schemas.errors import ConfigurationError
from schemas.records import Link
from schemas.settings import ClickHouseSettings

REASONS: Final = (UNLINK, "shared_device", "wrong_customer", "mistake")


class NotLinkedError(ConfigurationError):
    """No evidence says, or none any more, that the customer used the browser: there is nothing to take back."""


class Proposal(NamedTuple):
    """What an unlink would take back: the evidence *links*. *events* and *visits* are the customer's now."""

    shop_id: str
    customer_id: str
    device: Device
    links: tuple[Evidence, ...]
    events: int
    visits: int

    def told(self) -> list[tuple[datetime, str]]:
        """Say what would be taken back, and of when it is; of what was told twice, once."""
        return list(dict.fromkeys((each.occurred_at, sentence(each)) for each in self.links))

    def afterwards(self) -> str:
        """Say whose the browser would be without it."""
        others = sorted({each for each in self.device.customers if each not in ("", self.customer_id)})
        if not others:
            return "they would be those of a person of its own"
        if len(others) == 1:
            return f"the whole browser would be customer {others[0]}'s"
        return f"visits would be those of {', '.join(others)} where evidence says so, else nobody's"

    def record(self, reason: str) -> Link:
        """Write the unlink as of now, for one of `REASONS`."""
        reverses = self.links[-1].link_id if len(self.links) == 1 else ""
        visitor_id, client_id, now = self.device.visitor_id, self.device.client_id, int(time.time() * 1000)
        link = unlinking.unlink_of(
            self.shop_id, visitor_id, client_id, self.customer_id, asked_at=now, reverses=reverses
        )
        return link | {"reason": reason}


def proposal(shop_id: str, visitor_id: str, customer_id: str, clickhouse: ClickHouseSettings | None = None) -> Proposal:
    """Find what links the customer to the browser.

    Raises:
        NotLinkedError: nothing does, or what did was taken back.
        TransientError: ClickHouse does not answer.
    """
    evidence = evidence_of(shop_id, [visitor_id], clickhouse)
    shown = [each for each in evidence if each.customer_id == customer_id and shows_customer(each)]
    links = [each for each in shown if unlink_of(each, evidence) is None]
    devices = [each for each in devices_of(shop_id, [visitor_id], [], clickhouse) if each.visitor_id == visitor_id]
    is_linked = any(customer_id in each.customers for each in devices)
    if not devices or not (links or is_linked):
        what = "the evidence was taken back already that links" if shown else "no evidence links"
        raise NotLinkedError(f"nothing to take back: {what} {visitor_id} to customer {customer_id}")
    (share,) = look_up("identity_share", clickhouse, shop=shop_id, visitor=visitor_id, customer=customer_id)
    return Proposal(shop_id, customer_id, devices[0], tuple(links), share["events"], share["sessions"])
