"""Compares the declared topics with the cluster, and makes what is missing."""

from typing import Any, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.errors import ConfigurationError
from schemas.settings import KafkaSettings
from schemas.topics import TOPICS, Topic


class Step(NamedTuple):
    """One difference between a declared topic and the cluster. `blocked`: only a person can resolve it."""

    topic: str
    action: Literal["create", "add partitions", "configure", "blocked"]
    detail: str
    partitions: int
    config: dict[str, str]


async def plan(admin: AIOKafkaAdminClient, kafka: KafkaSettings, topics: tuple[Topic, ...] = TOPICS) -> list[Step]:
    """Tell what `apply` would do, in order; nothing when the cluster is as declared."""
    found = {each["topic"]: each for each in await admin.describe_topics() if not each["error_code"]}
    present = [topic for topic in topics if kafka.prefix + topic.name in found]
    configs = await _configs(admin, [kafka.prefix + topic.name for topic in present])
    steps = []
    for topic in topics:
        name, wanted = kafka.prefix + topic.name, topic.partitions or kafka.partitions
        if name not in found:
            steps.append(Step(name, "create", f"{wanted} partitions", wanted, topic.config()))
            continue
        steps += _repartitioning(topic, name, len(found[name]["partitions"]), wanted)
        differing = {key: value for key, value in topic.config().items() if configs[name].get(key) != value}
        if differing:
            detail = ", ".join(f"{key}: {configs[name].get(key)} -> {value}" for key, value in differing.items())
            steps.append(Step(name, "configure", detail, wanted, topic.config()))
    return steps


def _repartitioning(topic: Topic, name: str, has: int, wanted: int) -> list[Step]:
    if has == wanted:
        return []
    detail = f"has {has} partitions, {wanted} are declared"
    if has > wanted or topic.partitions is None:
        # A stream's visitors would move to other partitions than their state.
        return [Step(name, "blocked", f"{detail}; set STORESTREAM_PARTITIONS={has}", has, {})]
    return [Step(name, "add partitions", detail, wanted, {})]


async def apply(admin: AIOKafkaAdminClient, kafka: KafkaSettings, steps: list[Step]) -> None:
    """Carry the *steps* out.

    Raises:
        ConfigurationError: naming each blocked topic, before anything is changed.
    """
    if blocked := [f"{step.topic} {step.detail}" for step in steps if step.action == "blocked"]:
        raise ConfigurationError("; ".join(blocked))
    for step in steps:
        if step.action == "create":
            new = NewTopic(step.topic, step.partitions, kafka.replication, topic_configs=step.config)
            try:
                _raise_errors(await admin.create_topics([new]))
            except TopicAlreadyExistsError:
                continue  # another process was quicker
        elif step.action == "add partitions":
            _raise_errors(await admin.create_partitions({step.topic: NewPartitions(step.partitions)}))
        else:
            resource = ConfigResource(ConfigResourceType.TOPIC, step.topic, configs=step.config)
            await admin.alter_configs([resource])


async def describe(admin: AIOKafkaAdminClient, kafka: KafkaSettings) -> list[dict[str, Any]]:
    """List the declared topics with what the cluster has of them (`partitions` 0: not there)."""
    found = {each["topic"]: each for each in await admin.describe_topics()}
    return [
        {
            "topic": kafka.prefix + topic.name,
            "key": topic.key,
            "value": topic.value,
            "writer": topic.writer,
            "readers": ", ".join(topic.readers),
            "retention": "for ever" if topic.retention is None else f"{topic.retention.days} days",
            "compacted": topic.compacted,
            "partitions": len(found.get(kafka.prefix + topic.name, {"partitions": ()})["partitions"]),
        }
        for topic in TOPICS
    ]


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }


def _raise_errors(response: Any) -> None:
    for _, code, *message in response.topic_errors if hasattr(response, "topic_errors") else response.topic_error_codes:
        if code:
            raise for_code(code)(message[0] if message else "")
