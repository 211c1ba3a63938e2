"""`storestream topics plan|apply|describe` brings a real cluster to what schemas/topics.py declares."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from connectors.kafka import admin as topics_admin
from schemas.errors import ConfigurationError
from schemas.settings import KafkaSettings
from schemas.topics import EVENTS_RECEIVED, PRODUCTS_CHANGED, SHOPS_CONFIGURED, TOPICS, Topic
from tests.integration.kafka_topics import admin_of, make_topics, own_kafka

pytestmark = pytest.mark.integration


async def planned(kafka: KafkaSettings, topics: tuple[Topic, ...] = TOPICS) -> list[tuple[str, str]]:
    async with admin_of(kafka.bootstrap_servers) as client:
        return [
            (step.action, step.topic.removeprefix(kafka.prefix))
            for step in await topics_admin.plan(client, kafka, topics)
        ]


async def config_of(kafka: KafkaSettings, topic: Topic) -> dict[str, str]:
    async with admin_of(kafka.bootstrap_servers) as client:
        name = kafka.prefix + topic.name
        (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        ((*_, entries),) = answer.resources
        return {entry[0]: entry[1] for entry in entries}


async def test_plan_lists_every_topic_and_after_apply_nothing(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)

    assert await planned(kafka) == [("create", topic.name) for topic in TOPICS]

    await make_topics(kafka)

    assert await planned(kafka) == []


async def test_topics_are_made_as_declared(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap, partitions=3)
    await make_topics(kafka)

    async with admin_of(kafka_bootstrap) as client:
        described = {each["topic"]: each for each in await topics_admin.describe(client, kafka)}

    assert described[kafka.prefix + "events.received"]["partitions"] == 3
    assert described[kafka.prefix + "shops.configured"]["partitions"] == 1
    for topic in TOPICS:
        assert topic.config().items() <= (await config_of(kafka, topic)).items()


async def test_changed_retention_is_set_and_what_an_operator_set_stays(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, (EVENTS_RECEIVED,))
    async with admin_of(kafka_bootstrap) as client:
        operators = {"min.insync.replicas": "1", "segment.bytes": "1048576"} | EVENTS_RECEIVED.config()
        name = kafka.prefix + EVENTS_RECEIVED.name
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=operators)])
    longer = EVENTS_RECEIVED._replace(retention=timedelta(days=30))

    assert await planned(kafka, (longer,)) == [("configure", "events.received")]
    await make_topics(kafka, (longer,))

    assert await planned(kafka, (longer,)) == []
    config = await config_of(kafka, longer)
    assert config["retention.ms"] == str(30 * 24 * 3600 * 1000)
    assert config["segment.bytes"] == "1048576"


async def test_stream_with_other_partitions_is_blocked_and_nothing_else_is_changed(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap, partitions=2)
    await make_topics(kafka, (EVENTS_RECEIVED,))
    more = kafka.model_copy(update={"partitions": 4})

    assert await planned(more, (EVENTS_RECEIVED, PRODUCTS_CHANGED)) == [
        ("blocked", "events.received"),
        ("create", "products.changed"),
    ]
    with pytest.raises(ConfigurationError, match=r"has 2 partitions, 4 are declared; set STORESTREAM_PARTITIONS=2"):
        await make_topics(more, (EVENTS_RECEIVED, PRODUCTS_CHANGED))

    assert await planned(kafka, (EVENTS_RECEIVED, PRODUCTS_CHANGED)) == [("create", "products.changed")]


async def test_topic_of_its_own_count_grows_but_never_shrinks(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    three = SHOPS_CONFIGURED._replace(partitions=3)
    await make_topics(kafka, (SHOPS_CONFIGURED,))

    assert await planned(kafka, (three,)) == [("add partitions", "shops.configured")]
    await make_topics(kafka, (three,))

    assert await planned(kafka, (three,)) == []
    assert await planned(kafka, (SHOPS_CONFIGURED,)) == [("blocked", "shops.configured")]


async def test_topic_made_meanwhile_by_another_process_is_no_failure(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    async with admin_of(kafka_bootstrap) as client:
        steps = await topics_admin.plan(client, kafka, (EVENTS_RECEIVED, SHOPS_CONFIGURED))
        await make_topics(kafka, (EVENTS_RECEIVED,))

        await topics_admin.apply(client, kafka, steps)

    assert await planned(kafka, (EVENTS_RECEIVED, SHOPS_CONFIGURED)) == []


async def test_what_kafka_refuses_is_told(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap).model_copy(update={"replication": 30})

    with pytest.raises(ConfigurationError, match=r"kafka refused to create .*events\.received"):
        await make_topics(kafka, (EVENTS_RECEIVED,))


def storestream(kafka: KafkaSettings, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STORESTREAM_TOPIC_PREFIX": kafka.prefix,
        "STORESTREAM_PARTITIONS": str(kafka.partitions),
    }
    command = [sys.executable, "-c", "from deploy.cli import main; main()", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_plans_applies_and_describes(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)

    before = storestream(kafka, "topics", "plan")
    applied = storestream(kafka, "topics", "apply")
    after = storestream(kafka, "topics", "plan")
    described = storestream(kafka, "topics", "describe")

    assert before.returncode == 2
    assert before.stdout.count("create") == len(TOPICS)
    assert (applied.returncode, applied.stderr) == (0, "")
    assert (after.returncode, after.stdout) == (0, "the cluster is as declared\n")
    lines = described.stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [kafka.prefix + topic.name for topic in TOPICS]
    assert all("2" in line.split() or "1" in line.split() for line in lines)


def test_the_command_says_in_one_line_why_it_will_not(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    storestream(kafka, "topics", "apply")

    refused = storestream(kafka.model_copy(update={"partitions": 5}), "topics", "apply")

    assert refused.returncode == 1
    assert refused.stderr.startswith("storestream: ")
    assert "set STORESTREAM_PARTITIONS=2" in refused.stderr
    assert "Traceback" not in refused.stderr
