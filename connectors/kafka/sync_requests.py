"""Somebody wants something of a catalog: a `SyncRequest` on `catalogs.requested`, for the worker that leads it."""

from collections.abc import Sequence
from uuid import uuid4

from connectors.kafka.single import publish_one
from schemas.catalog_records import EpochMillis, SyncRequest
from schemas.codec import Codec
from schemas.settings import KafkaSettings
from schemas.topics import CATALOGS_REQUESTED


def request_of(
    shop_id: str,
    catalog: str,
    kind: str,
    *,
    item_ids: Sequence[str] = (),
    trigger: str = "command",
    requested_at: EpochMillis,
) -> SyncRequest:
    """Write what is wanted: *kind* is full, reconcile, retry, stop or register_feed."""
    return SyncRequest(
        request_id=str(uuid4()),
        shop_id=shop_id,
        catalog=catalog,
        kind=kind,
        item_ids=list(item_ids),
        requested_at=requested_at,
        trigger=trigger,
    )


async def publish(kafka: KafkaSettings, codec: Codec, request: SyncRequest) -> tuple[int, int]:
    """Send *request* to where its catalog is led; returns partition and offset once Kafka has it (`acks=all`).

    Raises:
        TransientError: Kafka does not answer.
    """
    return await publish_one(kafka, codec, CATALOGS_REQUESTED, request, about=(request["shop_id"], request["catalog"]))
