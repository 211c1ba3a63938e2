"""Schema ids from a Confluent-compatible registry, when `SCHEMA_REGISTRY_URL` names one.

API: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import json
from typing import Any

import httpx

from schemas.codec import Codec, current_schema, locked_versions
from schemas.errors import ConfigurationError, TransientError
from schemas.settings import KafkaSettings, RegistrySettings
from schemas.topics import TOPICS


async def codec(registry: RegistrySettings, kafka: KafkaSettings) -> Codec:
    """Build the codec: with the registry's ids if one is configured, else with those of the lock file.

    Registers our schemas under `<topic>-value`, older versions first, so that the registry checks them too.

    Raises:
        ConfigurationError: the registry refuses a schema as incompatible, or refuses us.
        TransientError: the registry does not answer, or is in trouble.
    """
    if not registry.url:
        return Codec.from_lock()
    ids: dict[str, int] = {}
    written: dict[int, dict[str, Any]] = {}
    async with httpx.AsyncClient(base_url=registry.url, timeout=10) as client:
        for topic in TOPICS:
            subject = f"{kafka.prefix}{topic.name}-value"
            for version in locked_versions()[topic.value]:
                number = await _register(client, subject, version["schema"])
                written[number] = version["schema"]
            ids[topic.value] = number
    for name, number in ids.items():
        if written[number] != current_schema(name):
            raise ConfigurationError(f"{name}: its schema is not locked; run `storestream schemas lock`")
    return Codec(ids, written)


async def _register(client: httpx.AsyncClient, subject: str, schema: dict[str, Any]) -> int:
    try:
        answer = await client.post(f"/subjects/{subject}/versions", json={"schema": json.dumps(schema)})
    except httpx.TransportError as exc:
        raise TransientError(f"schema registry did not answer: {type(exc).__name__}") from exc
    if answer.status_code == 409:
        raise ConfigurationError(f"the schema registry refuses {subject} as incompatible")
    if answer.is_client_error and answer.status_code not in (408, 429):
        raise ConfigurationError(f"the schema registry refuses {subject} with {answer.status_code}")
    if not answer.is_success:
        raise TransientError(f"schema registry answered {answer.status_code} for {subject}")
    return int(answer.json()["id"])
