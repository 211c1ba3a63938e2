"""Writes purchases as enriched events: the one an order leaves as, and what takes it back from another browser."""

from typing import Final

from schemas.codec import Codec
from schemas.records import Event
from streams.rules import orders
from streams.rules.checkouts import CheckoutState
from streams.rules.enrichment import splice, splice_retraction
from streams.rules.halves import WEBHOOK, OrderState, Said
from streams.stitching.outcomes import Outcome
from streams.stitching.products import Products

_DAY_MS: Final = 86_400_000


class Purchases:
    """Says purchases."""

    def __init__(self, codec: Codec, products: Products) -> None:
        """Take how they are written, and what is known of products."""
        self._codec, self._products = codec, products

    def say(self, shop_id: str, state: CheckoutState, order: OrderState, outcome: Outcome) -> None:
        """Say that *order* was bought, and of each browser it was said to be of before that it is not.

        ClickHouse tells events apart by browser and day (UTC) too, so the other row would stay.
        """
        event, session_id, person_id = orders.to_purchase(shop_id, state, order, order.sent)
        products = self._products.facts_of(shop_id, event["items"], outcome)
        outcome.events.append(splice(self._codec.encode_bare("Event", event), session_id, person_id, products, False))
        here = _row_of(Said(event["visitor_id"], event["occurred_at"]))
        for said in order.retracted:
            if _row_of(said) != here:
                self._take_back(event, session_id, said, outcome)

    def take_back(self, shop_id: str, state: CheckoutState, order: OrderState, outcome: Outcome) -> None:
        """Say that *order*, as it is known to have been said, was not bought under its own name."""
        event, session_id, _ = orders.to_purchase(shop_id, state, order, order.sent or WEBHOOK)
        here = (Said(event["visitor_id"], event["occurred_at"]),) if order.sent else ()
        for said in (*order.retracted, *here):
            self._take_back(event, session_id, said, outcome)

    def _take_back(self, event: Event, session_id: str, said: Said, outcome: Outcome) -> None:
        bare = self._codec.encode_bare("Event", _taken_back(event, said))
        outcome.events.append(splice_retraction(bare, session_id, said.visitor_id))


def _row_of(said: Said) -> tuple[str, int]:
    return (said.visitor_id, said.occurred_at // _DAY_MS)


def _taken_back(event: Event, said: Said) -> Event:
    return {
        **event,
        "visitor_id": said.visitor_id,
        "occurred_at": said.occurred_at,
        "value": None,
        "totals": {},
        "items": [],
    }
