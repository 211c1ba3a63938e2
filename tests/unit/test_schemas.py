"""Contracts: Avro files, their Python twins, the lock and the wire format agree."""

import copy
import json
import typing
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from schemas import catalog_records, locking, records
from schemas.codec import SCHEMAS, Codec, current_schema, locked_versions
from schemas.errors import ConfigurationError, TerminalError
from schemas.settings import (
    KafkaSettings,
    MetaSettings,
    RegistrySettings,
    WorkerSettings,
    settings,
    settings_in,
)
from schemas.topics import TOPICS
from tests.builders import an_event, an_order

NAMES = sorted(path.stem.partition(".")[2] for path in SCHEMAS.glob("*.avsc"))
CODEC = Codec.from_lock()


@pytest.mark.parametrize("name", NAMES)
def test_each_avro_record_has_a_python_twin_with_the_same_fields(name: str) -> None:
    module = records if hasattr(records, name) else catalog_records
    twin = typing.get_type_hints(getattr(module, name))

    assert list(twin) == [field["name"] for field in current_schema(name)["fields"]]


def test_the_committed_schemas_are_locked_and_read_every_committed_version() -> None:
    assert locking.problems() == []


@pytest.mark.parametrize("breakage", ["new field without default", "removed type", "renamed field"])
def test_a_backward_incompatible_change_is_found(breakage: str) -> None:
    changed = copy.deepcopy(current_schema("Receipt"))
    if breakage == "new field without default":
        changed["fields"].append({"name": "surprise", "type": "string"})
    elif breakage == "removed type":
        field = next(each for each in changed["fields"] if each["name"] == "code")
        field["type"], field["default"] = "string", ""
    else:
        changed["fields"][0]["name"] = "store_id"

    assert locking.incompatibilities("Receipt", changed, [locked_versions()["Receipt"][0]["schema"]])


def test_a_compatible_change_is_let_through() -> None:
    changed = copy.deepcopy(current_schema("Receipt"))
    changed["fields"].append({"name": "surprise", "type": ["null", "string"], "default": None})

    assert locking.incompatibilities("Receipt", changed, [locked_versions()["Receipt"][0]["schema"]]) == []


def test_ids_in_the_lock_are_unique_and_never_reused() -> None:
    ids = [version["id"] for versions in locked_versions().values() for version in versions]

    assert len(ids) == len(set(ids))


def test_an_envelope_joined_from_bare_members_decodes_like_one_encoded_whole() -> None:
    events = [an_event(), an_event(name="page_viewed", items=[], value=None)]
    bare = [CODEC.encode_bare("Event", event) for event in events]

    joined = CODEC.envelope("EventEnvelope", bare)

    assert joined == CODEC.encode("EventEnvelope", {"events": events})
    assert CODEC.decode(joined) == {"events": events}
    assert CODEC.members("Event", joined) == list(zip(events, bare, strict=True))


def test_an_envelope_of_hundreds_of_members_counts_them_right() -> None:
    order = CODEC.encode_bare("OrderReceived", an_order())

    assert len(CODEC.decode(CODEC.envelope("OrderEnvelope", [order] * 300))["orders"]) == 300


def test_an_older_version_is_read_with_todays_defaults() -> None:
    old = copy.deepcopy(current_schema("Receipt"))
    old["fields"] = [field for field in old["fields"] if field["name"] != "test"]
    versions = locked_versions()
    codec = Codec(
        {"Receipt": versions["Receipt"][0]["id"]}, {versions["Receipt"][0]["id"]: current_schema("Receipt"), 999: old}
    )
    receipt = _a_receipt()

    read = codec.decode(b"\0" + (999).to_bytes(4, "big") + _bare(old, receipt))

    assert read == receipt | {"test": False, "action_source": None}


def _bare(schema: dict[str, Any], value: dict[str, Any]) -> bytes:
    from io import BytesIO

    import fastavro

    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def _a_receipt() -> dict[str, Any]:
    return {
        "shop_id": "demo", "event_id": "e1", "event_name": "Purchase", "destination": "main", "status": "accepted",
        "reason": None, "http_status": 200, "code": None, "subcode": None, "trace_id": "A1", "attempts": 1,
        "batch_id": "b1", "payload_hash": None, "latency_ms": 12, "occurred_at": 1, "sent_at": 2, "value": 1.5,
        "currency": "EUR", "order_id": "1", "source_partition": 0, "source_offset": 7,
    }  # fmt: skip


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\1\0\0\0\1x", b"\0\0\0\xff\xffx", b"\0\0\0\0\2"])
def test_what_is_no_record_of_ours_is_undecodable(value: bytes | None) -> None:
    with pytest.raises(TerminalError) as caught:
        CODEC.decode(value)

    assert caught.value.reason == "undecodable"


def test_a_truncated_envelope_is_undecodable() -> None:
    whole = CODEC.encode("EventEnvelope", {"events": [an_event()]})

    with pytest.raises(TerminalError):
        CODEC.members("Event", whole[:-20])


def test_the_lock_file_is_plain_json_with_one_list_of_versions_per_topic_record() -> None:
    assert set(locked_versions()) == {topic.value for topic in TOPICS}
    assert json.dumps(locked_versions())


def test_a_missing_setting_is_named_without_any_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("STORESTREAM_PARTITIONS", "many")
    settings.cache_clear()

    with pytest.raises(ConfigurationError) as caught:
        settings(KafkaSettings)

    settings.cache_clear()
    assert "KAFKA_BOOTSTRAP_SERVERS (missing)" in str(caught.value)
    assert "STORESTREAM_PARTITIONS (must be a whole number)" in str(caught.value)
    assert "many" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "variable", "value"),
    [
        (WorkerSettings, "WORKER_METRICS_PORT", "hunter2"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", ""),  # a library would go to localhost
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "kafka:hunter2"),
        (KafkaSettings, "STORESTREAM_TOPIC_PREFIX", "hunter 2!"),
        (MetaSettings, "META_GRAPH_URL", "hunter2"),
        (RegistrySettings, "SCHEMA_REGISTRY_URL", "hunter2:8081"),
    ],
)
def test_a_wrong_setting_is_named_as_a_person_writes_it(section: type[BaseSettings], variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_in({"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"} | {variable: value}, section)

    assert f": {variable} (" in str(caught.value)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("servers", ["kafka", "kafka:9092", "a.b-c_d:1,10.0.0.1:65535", "[::1]:9092"])
def test_addresses_of_kafka_are_hosts_with_or_without_ports(servers: str) -> None:
    assert settings_in({"KAFKA_BOOTSTRAP_SERVERS": servers}, KafkaSettings).bootstrap_servers == servers
