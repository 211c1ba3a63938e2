"""One webhook as it was delivered, and the memory of those that Kafka already has."""

from collections import OrderedDict
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

import orjson

from schemas.errors import TerminalError
from schemas.identifiers import rejection_id
from schemas.records import EpochMillis, Rejected, Shop

KEPT_BYTES: Final = 1_048_576
REMEMBERED: Final = 10_000


class Delivery(NamedTuple):
    """What came, for which shop; *received_at* is in milliseconds."""

    shop: Shop
    topic: str
    delivery_id: str
    received_at: EpochMillis
    body: bytes

    def parsed(self) -> object:
        """Read the body's JSON. Raises `TerminalError` when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise TerminalError("bad_json", "body") from None

    def rejected(self, why: TerminalError, content_type: str | None) -> Rejected:
        """Describe why it could not be used, with its bytes."""
        shop_id, digest = self.shop["shop_id"], sha256(self.body).hexdigest()
        return Rejected(
            rejection_id=rejection_id("ingest", shop_id, digest, self.delivery_id, why.field),
            shop_id=shop_id,
            stage="ingest",
            reason=why.reason,
            field=why.field or None,
            detail="; ".join(part for part in (f"webhook {self.topic[:64]}", why.detail) if part),
            payload=self.body[:KEPT_BYTES],
            content_type=content_type,
            topic=None,
            partition=None,
            offset=None,
            received_at=self.received_at,
        )


class Identified(Protocol):
    """What tells one delivery from another."""

    @property
    def shop(self) -> Shop:
        """Which shop it is of."""

    @property
    def delivery_id(self) -> str:
        """The same when it is delivered again."""


class RecentDeliveries:
    """The last deliveries that this process has published, so that one sent twice costs no fetch and no record.

    It is a saving, not the guarantee: other processes do not know it. What makes a doubled delivery harmless is its
    version, which is the same (`streams.rules.catalogs`).
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        """Remember *most* of them."""
        self._most = most
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __contains__(self, delivery: Identified) -> bool:
        return (delivery.shop["shop_id"], delivery.delivery_id) in self._known

    def add(self, delivery: Identified) -> None:
        """Remember one; call it only once Kafka has what it says."""
        self._known[delivery.shop["shop_id"], delivery.delivery_id] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)
