"""Where the door's records go: encoded, addressed, and handed to the writers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from connectors.kafka.envelopes import Addressed, EnvelopeWriter
from connectors.kafka.partitioning import partition_of
from connectors.kafka.records import Keyed, RecordWriter
from connectors.shopify.products import key_of
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Event, OrderReceived, ProductChange, Rejected
from schemas.topics import EVENTS_RECEIVED, MAX_RECORD_BYTES, ORDERS_RECEIVED, PRODUCTS_CHANGED, RECORDS_REJECTED

ROOM_FOR_FRAMING: Final = 16_384
"""Bytes of a record beside one value: the batch's header, the key, the envelope around it."""
LARGEST_VALUE: Final = MAX_RECORD_BYTES - ROOM_FOR_FRAMING


class KafkaSink:
    """Hands records to Kafka; every method returns once Kafka has them, or raises `TransientError`."""

    def __init__(
        self,
        codec: Codec,
        partitions: int,
        envelopes: EnvelopeWriter,
        records: RecordWriter,
        problem: Callable[[], Awaitable[str | None]],
    ) -> None:
        """Take the writers; *partitions* is the number all streams share, *problem* tells what is wrong with Kafka."""
        self._codec = codec
        self._partitions = partitions
        self._envelopes = envelopes
        self._records = records
        self._problem = problem

    async def take(self, events: Sequence[Event], rejected: Sequence[Rejected]) -> None:
        """Publish a request's *events*, each visitor's in order, and what was *rejected* of it."""
        members = [
            Addressed(
                partition_of(event["shop_id"], event["visitor_id"], self._partitions),
                self._codec.encode_bare("Event", event),
            )
            for event in events
        ]
        if not rejected:
            await self._envelopes.write(EVENTS_RECEIVED, members)
            return
        refusals = [Keyed(None, self._codec.encode("Rejected", each)) for each in rejected]
        await asyncio.gather(
            self._envelopes.write(EVENTS_RECEIVED, members), self._records.write(RECORDS_REJECTED, refusals)
        )

    async def take_order(self, order: OrderReceived) -> None:
        """Publish what a shop says of an order where the order lives."""
        partition = partition_of(order["shop_id"], f"order:{order['order_id']}", self._partitions)
        value = self._bounded(self._codec.encode_bare("OrderReceived", order))
        await self._envelopes.write(ORDERS_RECEIVED, [Addressed(partition, value)])

    async def take_product(self, change: ProductChange) -> None:
        """Publish a product change under its key."""
        value = self._bounded(self._codec.encode("ProductChange", change))
        await self._records.write(PRODUCTS_CHANGED, [Keyed(key_of(change), value)])

    async def take_rejected(self, rejected: Rejected) -> None:
        """Keep what could not be used."""
        await self.take([], [rejected])

    async def missing(self) -> dict[str, str]:
        """Name what is missing to take records."""
        problem = await self._problem()
        return {"kafka": problem} if problem else {}

    def _bounded(self, value: bytes) -> bytes:
        if len(value) > LARGEST_VALUE:
            raise TerminalError("too_large", "body", f"{len(value)} bytes")
        return value
