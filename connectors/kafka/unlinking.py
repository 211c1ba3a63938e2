"""Takes a customer from a browser again: an `unlink` on `identities.linked`, for stitch to take in order with the rest.

It takes back every piece of evidence of that customer on that browser received until then; what comes later counts
again. Being a record like every other, it holds in a replay too.
"""

from connectors.kafka.single import publish_one
from schemas.codec import Codec
from schemas.identifiers import link_id
from schemas.records import EpochMillis, Link
from schemas.settings import KafkaSettings
from schemas.topics import IDENTITIES_LINKED

UNLINK = "unlink"


def unlink_of(
    shop_id: str, visitor_id: str, client_id: str, customer_id: str, *, asked_at: EpochMillis, reverses: str = ""
) -> Link:
    """Write that *customer_id* is not who used the browser; *reverses* names one link that shows it, if one does."""
    return {
        "link_id": link_id(shop_id, UNLINK, visitor_id, customer_id, str(asked_at)),
        "shop_id": shop_id,
        "action": UNLINK,
        "identifier_type": "visitor",
        "identifier": visitor_id,
        "visitor_id": visitor_id,
        "client_id": client_id,
        "checkout_token": None,
        "order_id": None,
        "customer_id": customer_id,
        "session_id": None,
        "reason": UNLINK,
        "event_id": reverses,
        "occurred_at": asked_at,
        "received_at": asked_at,
        "event": None,
    }


async def publish(kafka: KafkaSettings, codec: Codec, link: Link) -> tuple[int, int]:
    """Write *link* for whom it is addressed to; returns its partition and offset once Kafka has it (`acks=all`).

    Raises:
        TransientError: Kafka does not answer.
    """
    return await publish_one(kafka, codec, IDENTITIES_LINKED, link, about=(link["shop_id"], link["identifier"]))
