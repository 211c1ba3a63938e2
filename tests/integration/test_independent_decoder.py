"""Whoever owns Kafka's ordinary tools reads our topics: confluent-kafka decodes what our codec wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from schemas.codec import Codec, locked_versions
from schemas.topics import TOPICS
from tests.builders import NOON, a_product_change, a_shop, an_event, an_item, an_order
from tests.integration.kafka_topics import make_topics, own_kafka, produce
from tests.integration.schema_registry import SchemaRegistry, running_registry

pytestmark = pytest.mark.integration

CODEC = Codec.from_lock()
CONSENT = {"analytics": True, "marketing": False, "preferences": None, "sale_of_data": None}


def a_record_of_each() -> dict[str, dict[str, Any]]:
    """One value per topic, with every kind of field filled somewhere."""
    purchase = an_event(
        name="purchase", reported_at=NOON - 1, sent_at=NOON + 7, seq=4, consent=CONSENT, utm={"source": "öl"},
        user_data={"em": "0" * 64}, totals={"tax": 6.86}, properties='{"gift": true}', customer_id="6940095086827",
    )  # fmt: skip
    enriched = an_enriched_envelope(purchase)
    return {
        "EventEnvelope": {"events": [an_event(), purchase]},
        "OrderEnvelope": {"orders": [an_order(), an_order(cancelled_at=NOON + 9)]},
        "ProductChange": dict(a_product_change()),
        "Link": a_link(event=purchase),
        "EnrichedEnvelope": enriched,
        "Receipt": a_receipt(),
        "ProductReceipt": a_product_receipt(),
        "SyncRequest": a_sync_request(),
        "SyncJob": a_sync_job(),
        "Alert": an_alert(),
        "Shop": dict(a_shop()),
        "Rejected": a_rejection(),
        "Parked": a_parked_one(enriched["events"][0]),
    }


def a_parked_one(event: Any) -> dict[str, Any]:
    return {
        "kind": "held", "shop_id": "demo", "destination": "main", "offset": 7, "until": None, "since": NOON,
        "parked_at": NOON + 9, "generation": 1, "reasons": ["consent_not_told"], "event": event, "waits_in": 2,
    }  # fmt: skip


def a_link(event: Any) -> dict[str, Any]:
    return {
        "link_id": "8a7c2a8f-6f0a-5d6f-9d52-0b7d0b8f1a11", "shop_id": "demo", "action": "link",
        "identifier_type": "checkout", "identifier": "864ef6", "visitor_id": event["visitor_id"],
        "client_id": event["client_id"], "checkout_token": "864ef6", "order_id": "53", "customer_id": None,
        "session_id": None, "reason": "order", "event_id": event["event_id"], "occurred_at": NOON,
        "received_at": NOON + 250, "event": event,
    }  # fmt: skip


def an_enriched_envelope(event: Any) -> dict[str, Any]:
    facts = {
        "known": True, "product_id": "7992983748843", "variant_id": None, "title": "Bracelet", "image_url": None,
        "category": "Bracelets", "brand": "Acme", "price": 42.99, "currency": "EUR", "sku": None, "status": "active",
        "catalog_version": NOON,
    }  # fmt: skip
    session = {
        "shop_id": "demo", "session_id": "s", "visitor_id": event["visitor_id"], "client_id": event["client_id"],
        "customer_id": None, "started_at": NOON, "ended_at": NOON + 60_000, "events": 2, "page_views": 0,
        "product_views": 1, "cart_additions": 0, "checkouts": 0, "purchases": 1, "entry_url": None, "referrer": None,
        "utm": {}, "click_ids": {"fbclid": "x"}, "device": "desktop", "country": "DE", "language": None,
        "version": 7, "deleted": False, "merged_into": None,
    }  # fmt: skip
    order: dict[str, Any] = {
        "shop_id": "demo", "order_id": "53", "checkout_token": None, "cart_token": None, "customer_id": None,
        "client_id": None, "visitor_id": None, "session_id": None, "ordered_at": NOON, "updated_at": NOON + 1,
        "status": "paid", "match": "held", "value": 42.99, "currency": "EUR", "totals": {}, "coupon": None,
        "items": [an_item()], "seen_in_webhook_at": NOON, "seen_in_pixel_at": None, "purchase_event_id": "p",
        "version": 2, "sales_channel": "pos",
    }  # fmt: skip
    timeline = {
        "shop_id": "demo", "visitor_id": event["visitor_id"], "client_id": event["client_id"],
        "starts": [0, NOON], "customers": ["", "6940095086827"], "version": 3,
    }  # fmt: skip
    enriched = {
        "event": event,
        "session_id": "s",
        "person_id": "p",
        "products": [facts],
        "late": False,
        "retracted": True,
    }
    return {"events": [enriched], "sessions": [session], "orders": [order], "timelines": [timeline]}


def a_receipt() -> dict[str, Any]:
    return {
        "shop_id": "demo", "event_id": "e1", "event_name": "Purchase", "destination": "main", "status": "refused",
        "reason": "refused_by_meta", "http_status": 400, "code": 100, "subcode": 2804050, "trace_id": "A1",
        "attempts": 1, "batch_id": "b1", "payload_hash": None, "latency_ms": 12, "occurred_at": NOON,
        "sent_at": NOON + 3_000, "value": 1.5, "currency": "EUR", "order_id": "1", "test": True,
        "source_partition": 0, "source_offset": 2**40, "action_source": "physical_store",
    }  # fmt: skip


def a_product_receipt() -> dict[str, Any]:
    return {
        "shop_id": "demo", "catalog_id": "c", "item_id": "i", "product_id": "p", "status": "accepted",
        "message": None, "suggestion": None, "handle": "h", "job_id": None, "changed_at": NOON, "sent_at": NOON + 1,
        "finished_at": None, "catalog": "main", "method": "UPDATE", "reason": None, "warnings": ["too long"],
        "attempts": 1, "failures": 0, "payload_hash": "0a", "doubtful": False,
    }  # fmt: skip


def a_sync_request() -> dict[str, Any]:
    return {
        "request_id": "r", "shop_id": "demo", "catalog": "main", "kind": "retry", "item_ids": ["i"],
        "requested_at": NOON, "trigger": "command",
    }  # fmt: skip


def a_sync_job() -> dict[str, Any]:
    return {
        "job_id": "j", "shop_id": "demo", "catalog": "main", "catalog_id": "1", "kind": "full", "trigger": "schedule",
        "state": "running", "started_at": NOON, "updated_at": NOON + 1, "finished_at": None, "next_at": NOON + 9,
        "total": 9, "done": 3, "calls": 1, "accepted": 2, "rejected": 1, "deleted": 0, "skipped": 0, "orphans": 0,
        "repaired": 0, "failure": None, "detail": None, "quota_percent": 7,
    }  # fmt: skip


def an_alert() -> dict[str, Any]:
    return {
        "alert_id": "a", "shop_id": "demo", "kind": "item_rejected", "subject": "main|i", "message": None, "count": 3,
        "raised_at": NOON,
    }  # fmt: skip


def a_rejection() -> dict[str, Any]:
    return {
        "rejection_id": "8a7c2a8f-6f0a-5d6f-9d52-0b7d0b8f1a11", "shop_id": "demo", "stage": "ingest",
        "reason": "bad_json", "field": None, "detail": "JSONDecodeError", "payload": b"\xff\x00{", "content_type": None,
        "topic": None, "partition": None, "offset": None, "received_at": NOON,
    }  # fmt: skip


def with_datetimes(value: Any, name: str = "") -> Any:
    """Say *value* as a reader should see it: what is named `..._at`, `starts` or `since` is a time."""
    if isinstance(value, dict):
        return {key: with_datetimes(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [with_datetimes(each, name) for each in value]
    if isinstance(value, int) and (name.endswith("_at") or name in ("starts", "since")):
        return datetime.fromtimestamp(value / 1000, UTC)
    return value


@contextmanager
def consumer_of(bootstrap: str, topic: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"{topic}-readers", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        yield consumer
    finally:
        consumer.close()


def read_independently(bootstrap: str, topic: str, registry_url: str) -> Any:
    """Read the first record of *topic* as an analyst's tool would."""
    with SchemaRegistryClient({"url": registry_url}) as client, consumer_of(bootstrap, topic) as consumer:
        deserializer = AvroDeserializer(client)
        record = consumer.poll(60)
        assert record is not None, "nothing came"
        assert record.error() is None
        return deserializer(record.value(), SerializationContext(topic, MessageField.VALUE))


async def test_each_topics_record_is_read_by_confluent_kafka_with_times_as_times(kafka_bootstrap: str) -> None:
    kafka, written = own_kafka(kafka_bootstrap), a_record_of_each()
    await make_topics(kafka)
    for topic in TOPICS:
        value = CODEC.encode(topic.value, written[topic.value])
        await produce(kafka_bootstrap, kafka.prefix + topic.name, [(b"demo", value)])
    lock = {version["id"]: version["schema"] for versions in locked_versions().values() for version in versions}

    with running_registry(SchemaRegistry(lock)) as registry:
        read = {
            topic.value: read_independently(kafka_bootstrap, kafka.prefix + topic.name, registry.url)
            for topic in TOPICS
        }

    for name, record in written.items():
        assert read[name] == with_datetimes(record), name
    first = read["EventEnvelope"]["events"][0]
    assert first["occurred_at"] == datetime.fromtimestamp(NOON / 1000, UTC)
    assert first["occurred_at"].tzinfo is not None


async def test_envelope_joined_from_members_is_read_too(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, TOPICS[:1])
    events = [an_event(url=f"https://shop.example/{number}") for number in range(200)]
    value = CODEC.envelope("EventEnvelope", [CODEC.encode_bare("Event", event) for event in events])
    await produce(kafka_bootstrap, kafka.prefix + TOPICS[0].name, [(None, value)])
    lock = {version["id"]: version["schema"] for versions in locked_versions().values() for version in versions}

    with running_registry(SchemaRegistry(lock)) as registry:
        read = read_independently(kafka_bootstrap, kafka.prefix + TOPICS[0].name, registry.url)

    assert read == {"events": [with_datetimes(event) for event in events]}
