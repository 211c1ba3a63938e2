"""What stitching one record comes to: what to send, what to keep, what to count."""

from collections import Counter
from typing import Final, Literal, NamedTuple, Protocol

from schemas.codec import Codec
from schemas.errors import Reason
from schemas.identifiers import rejection_id
from schemas.records import EpochMillis, Link, Order, Rejected, Session, Shop, Timeline
from schemas.topics import MAX_RECORD_BYTES

CONTENT_TYPE: Final = "avro/binary"
"""Of what we refuse: a Kafka value as it came, or the one member of it that is bad as an envelope of its own."""

Fact = Literal[
    "stitched", "duplicate", "late", "replayed", "unknown_product", "linked", "unlinked", "matched", "junk", "rejected"
]


LARGEST_ENVELOPE: Final = MAX_RECORD_BYTES // 2
"""Bytes. Facts of products and rows of sessions can be many times what came in; one event names at most 500."""


class Shops(Protocol):
    """Finds a shop's settings; a `ShopDirectory` or a plain dictionary."""

    def get(self, shop_id: str, /) -> Shop | None:
        """Return the settings of *shop_id*, if it is known."""


class Source(NamedTuple):
    """The record at hand. *written_at* is Kafka's own time of it, in milliseconds."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    written_at: EpochMillis


class Addressed(NamedTuple):
    """A link, and whose partition it is for."""

    shop_id: str
    identifier: str
    value: bytes


class Due(NamedTuple):
    """An order that waits for its other half until *deadline*, milliseconds."""

    shop_id: str
    checkout: str
    order_id: str
    deadline: EpochMillis


Arrays = tuple[list[bytes], ...]


class Outcome:
    """Gathers, in order, what stitching one record comes to."""

    def __init__(self, codec: Codec, source: Source) -> None:
        """Begin with nothing."""
        self._codec = codec
        self._source = source
        self.events: list[bytes] = []
        self._sessions: list[bytes] = []
        self._orders: list[bytes] = []
        self._timelines: list[bytes] = []
        self.links: list[Addressed] = []
        self.rejected: list[bytes] = []
        self.visitors: dict[bytes, bytes | None] = {}
        self.checkouts: dict[bytes, bytes | None] = {}
        self.due: dict[bytes, tuple[Due, ...]] = {}
        self.received_at: EpochMillis = 0
        """The greatest time at which something in the record came to us."""
        self.counts: Counter[tuple[Fact, str]] = Counter()

    def envelopes(self) -> list[bytes]:
        """Write what there is to say as `EnrichedEnvelope`s, in order: one, unless Kafka would refuse that."""
        arrays = (self.events, self._sessions, self._orders, self._timelines)
        total = sum([sum(map(len, array)) for array in arrays])
        parts = [arrays] if total <= LARGEST_ENVELOPE else _parted(arrays)
        return [self._codec.envelope("EnrichedEnvelope", *part) for part in parts] if total else []

    def count(self, fact: Fact, label: str = "") -> None:
        """Count one *fact* of the closed list."""
        self.counts[fact, label] += 1

    def add_session(self, session: Session) -> None:
        """Say how a session stands."""
        self._sessions.append(self._codec.encode_bare("Session", session))

    def add_order(self, order: Order) -> None:
        """Say how an order stands."""
        self._orders.append(self._codec.encode_bare("Order", order))

    def add_timeline(self, timeline: Timeline) -> None:
        """Say who used a browser when."""
        self._timelines.append(self._codec.encode_bare("Timeline", timeline))

    def address(self, link: Link) -> Addressed:
        """Write *link* for whom it is addressed to; `add_link` also says it."""
        self.count("linked", link["reason"])
        return Addressed(link["shop_id"], link["identifier"], self._codec.encode("Link", link))

    def add_link(self, link: Link) -> None:
        """Tell the identifier that *link* is addressed to."""
        self.links.append(self.address(link))

    def reject(
        self, reason: Reason, payload: bytes, *, shop_id: str = "", member: int = -1, field: str = "", detail: str = ""
    ) -> None:
        """Park *payload*, the whole value or the envelope of its *member*."""
        topic, partition, offset, _, written_at = self._source
        rejected = Rejected(
            rejection_id=rejection_id(topic, str(partition), str(offset), str(member)),
            shop_id=shop_id,
            stage="stitch",
            reason=reason,
            field=field or None,
            detail=detail or None,
            payload=payload,
            content_type=CONTENT_TYPE,
            topic=topic,
            partition=partition,
            offset=offset,
            received_at=written_at,
        )
        self.rejected.append(self._codec.encode("Rejected", rejected))
        self.count("rejected", reason)


def _parted(arrays: Arrays) -> list[Arrays]:
    parts: list[Arrays] = [tuple([] for _ in arrays)]
    size = 0
    for place, array in enumerate(arrays):
        for member in array:
            if size and size + len(member) > LARGEST_ENVELOPE:
                parts.append(tuple([] for _ in arrays))
                size = 0
            parts[-1][place].append(member)
            size += len(member)
    return parts
