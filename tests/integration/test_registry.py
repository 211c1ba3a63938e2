"""With a schema registry configured, ids come from it; without, from the lock file."""

import copy
import json

import httpx
import pytest

from connectors.kafka import registry as registries
from schemas.codec import Codec, current_schema
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.settings import KafkaSettings, RegistrySettings
from schemas.topics import TOPICS
from tests.builders import an_event
from tests.integration.schema_registry import SchemaRegistry, running_registry

pytestmark = pytest.mark.integration

KAFKA = KafkaSettings(KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9", STORESTREAM_TOPIC_PREFIX="eu-")


async def codec_of(registry: SchemaRegistry) -> Codec:
    return await registries.codec(RegistrySettings(SCHEMA_REGISTRY_URL=registry.url), KAFKA)


def id_in(value: bytes) -> int:
    return int.from_bytes(value[1:5], "big")


async def test_every_topics_schema_is_registered_and_its_id_written() -> None:
    with running_registry(SchemaRegistry()) as registry:
        codec = await codec_of(registry)

    value = codec.encode("EventEnvelope", {"events": [an_event()]})
    assert set(registry.subjects) == {f"eu-{topic.name}-value" for topic in TOPICS}
    assert registry.schemas[id_in(value)] == current_schema("EventEnvelope")
    assert codec.decode(value)["events"][0]["name"] == "product_viewed"
    with pytest.raises(TerminalError):
        Codec.from_lock().decode(value)  # the registry's ids begin at 101: they are not the lock's


async def test_registering_again_gives_the_same_ids() -> None:
    with running_registry(SchemaRegistry()) as registry:
        first = await codec_of(registry)
        known = dict(registry.schemas)
        second = await codec_of(registry)

    assert registry.schemas == known
    event = an_event()
    assert first.encode("EventEnvelope", {"events": [event]}) == second.encode("EventEnvelope", {"events": [event]})


async def test_incompatible_schema_is_refused_and_the_subject_named() -> None:
    other = copy.deepcopy(current_schema("Receipt"))
    next(field for field in other["fields"] if field["name"] == "attempts")["type"] = "string"
    with running_registry(SchemaRegistry()) as registry:
        subject = f"{registry.url}/subjects/eu-conversions.delivered-value/versions"
        async with httpx.AsyncClient() as client:
            assert (await client.post(subject, json={"schema": json.dumps(other)})).is_success

        with pytest.raises(ConfigurationError, match=r"refuses eu-conversions\.delivered-value as incompatible"):
            await codec_of(registry)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, ConfigurationError), (422, ConfigurationError), (500, TransientError), (429, TransientError)],
)
async def test_registry_that_refuses_us_is_told_from_one_in_trouble(status: int, error: type[Exception]) -> None:
    with running_registry(SchemaRegistry()) as registry:
        registry.failure = status

        with pytest.raises(error, match=str(status)):
            await codec_of(registry)


async def test_registry_that_does_not_answer_may_answer_later() -> None:
    with running_registry(SchemaRegistry()) as registry:
        pass

    with pytest.raises(TransientError, match="schema registry did not answer"):
        await codec_of(registry)


async def test_without_a_registry_ids_come_from_the_lock() -> None:
    codec = await registries.codec(RegistrySettings(SCHEMA_REGISTRY_URL=None), KAFKA)

    value = codec.encode("EventEnvelope", {"events": []})
    assert value == Codec.from_lock().encode("EventEnvelope", {"events": []})
