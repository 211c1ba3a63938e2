"""What compose sets on its brokers are settings that a broker has, with values it takes."""

from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.servers.kafka import running_kafka_async
from tests.integration.kafka_topics import admin_of
from tests.unit.compose_file import clustered

pytestmark = pytest.mark.integration

OF_THE_IMAGE = {"KAFKA_HEAP_OPTS"}


def properties(environment: dict[str, Any]) -> set[str]:
    """Name the broker settings as the image makes them of variables: KAFKA_NODE_ID is node.id."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", ".")
        for name in environment
        if name.startswith("KAFKA_") and name not in OF_THE_IMAGE
    }


async def test_every_setting_of_the_brokers_is_one_that_kafka_knows(tmp_path: Path) -> None:
    # The embedded Kafka is of the image's release, as a unit test has it.
    async with running_kafka_async(tmp_path / "kafka") as kafka, admin_of(kafka.bootstrap_servers) as client:
        brokers = (await client.describe_cluster())["brokers"]
        resource = ConfigResource(ConfigResourceType.BROKER, str(brokers[0]["node_id"]))
        (answer,) = await client.describe_configs([resource])
    known = {entry[0] for (*_, entries) in answer.resources for entry in entries}

    for name in ("kafka", "kafka-2", "kafka-3"):
        assert properties(clustered()[name]["environment"]) <= known
    assert "controller.quorum.voters" in known
