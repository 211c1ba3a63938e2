"""Compares the declared topics with the cluster, and makes what is missing."""

import asyncio
from typing import Any, Final, Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.errors import ConfigurationError, TransientError
from schemas.settings import KafkaSettings
from schemas.topics import TOPICS, Topic

VISIBLE_WITHIN_SECONDS: Final = 30.0
_SET_ON_THE_TOPIC: Final = 1  # https://kafka.apache.org/protocol#The_Messages_DescribeConfigs, ConfigSource


class Step(NamedTuple):
    """One difference between a declared topic and the cluster. `blocked`: only a person can resolve it."""

    topic: str
    action: Literal["create", "add partitions", "configure", "blocked"]
    detail: str
    partitions: int
    config: dict[str, str]
    """All that is to be set on the topic itself, what others have set there included."""


class _Config(NamedTuple):
    in_force: dict[str, str]
    set_here: dict[str, str]


async def plan(admin: AIOKafkaAdminClient, kafka: KafkaSettings, topics: tuple[Topic, ...] = TOPICS) -> list[Step]:
    """Tell what `apply` would do, in order; nothing when the cluster is as declared."""
    found = await _partition_counts(admin)
    configs = await _configs(
        admin, [kafka.prefix + topic.name for topic in topics if kafka.prefix + topic.name in found]
    )
    steps = []
    for topic in topics:
        name, wanted = kafka.prefix + topic.name, topic.partitions or kafka.partitions
        if name not in found:
            steps.append(Step(name, "create", f"{wanted} partitions", wanted, topic.config()))
            continue
        steps += _repartitioning(topic, name, found[name], wanted)
        steps += _configuring(topic, name, wanted, configs[name])
    return steps


def _repartitioning(topic: Topic, name: str, has: int, wanted: int) -> list[Step]:
    if has == wanted:
        return []
    detail = f"has {has} partitions, {wanted} are declared"
    if topic.partitions is None:
        # A stream's visitors would move to other partitions than their state.
        return [Step(name, "blocked", f"{detail}; set STORESTREAM_PARTITIONS={has}", has, {})]
    if has > wanted:
        return [Step(name, "blocked", f"{detail}; Kafka takes no partitions away", has, {})]
    return [Step(name, "add partitions", detail, wanted, {})]


def _configuring(topic: Topic, name: str, wanted: int, config: _Config) -> list[Step]:
    differing = {key: value for key, value in topic.config().items() if config.in_force.get(key) != value}
    if not differing:
        return []
    detail = ", ".join(f"{key}: {config.in_force.get(key)} -> {value}" for key, value in differing.items())
    return [Step(name, "configure", detail, wanted, config.set_here | topic.config())]


async def apply(admin: AIOKafkaAdminClient, kafka: KafkaSettings, steps: list[Step]) -> None:
    """Carry the *steps* out, and wait until every broker's clients can see them.

    Raises:
        ConfigurationError: naming each blocked topic, before anything is changed; or Kafka refuses a step.
        TransientError: the cluster does not show the new topics in time.
    """
    if blocked := [f"{step.topic} {step.detail}" for step in steps if step.action == "blocked"]:
        raise ConfigurationError("; ".join(blocked))
    for step in steps:
        try:
            await _carry_out(admin, kafka, step)
        except TopicAlreadyExistsError:
            continue  # another process was quicker
        except KafkaError as exc:
            if exc.retriable:
                raise TransientError(f"kafka: {step.action} {step.topic}: {type(exc).__name__}") from exc
            raise ConfigurationError(f"kafka refused to {step.action} {step.topic}: {exc}") from exc
    await _until_visible(admin, {step.topic: step.partitions for step in steps})


async def _carry_out(admin: AIOKafkaAdminClient, kafka: KafkaSettings, step: Step) -> None:
    if step.action == "create":
        new = NewTopic(step.topic, step.partitions, kafka.replication, topic_configs=step.config)
        _raise_errors(await admin.create_topics([new]))
    elif step.action == "add partitions":
        _raise_errors(await admin.create_partitions({step.topic: NewPartitions(step.partitions)}))
    else:
        # Kafka replaces all that is set on the topic: the step's config holds what others have set there too.
        resource = ConfigResource(ConfigResourceType.TOPIC, step.topic, configs=step.config)
        for answer in await admin.alter_configs([resource]):
            for code, message, *_ in answer.resources:
                if code:
                    raise for_code(code)(message or "")


async def _until_visible(admin: AIOKafkaAdminClient, wanted: dict[str, int]) -> None:
    """A broker answers about a new topic a moment after the controller has made it."""
    deadline = asyncio.get_running_loop().time() + VISIBLE_WITHIN_SECONDS
    while True:
        found = await _partition_counts(admin)
        missing = [name for name, partitions in wanted.items() if found.get(name, 0) < partitions]
        if not missing:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise TransientError(f"kafka does not show {', '.join(missing)} yet")
        await asyncio.sleep(0.1)


async def describe(admin: AIOKafkaAdminClient, kafka: KafkaSettings) -> list[dict[str, Any]]:
    """List the declared topics with what the cluster has of them (`partitions` 0: not there)."""
    found = await _partition_counts(admin)
    return [
        {
            "topic": kafka.prefix + topic.name,
            "key": topic.key,
            "value": topic.value,
            "writer": topic.writer,
            "readers": ", ".join(topic.readers),
            "retention": "for ever" if topic.retention is None else f"{topic.retention.days} days",
            "compacted": topic.compacted,
            "partitions": found.get(kafka.prefix + topic.name, 0),
        }
        for topic in TOPICS
    ]


async def _partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    return {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics() if not each["error_code"]}


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, _Config]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found = {}
    for code, message, _, name, entries in (resource for answer in answers for resource in answer.resources):
        if code:
            raise for_code(code)(message or "")
        listed = [(entry[0], entry[1], entry[3]) for entry in entries]
        found[name] = _Config(
            {key: value for key, value, _ in listed},
            {key: value for key, value, source in listed if source == _SET_ON_THE_TOPIC and value is not None},
        )
    return found


def _raise_errors(response: Any) -> None:
    for _, code, *message in response.topic_errors if hasattr(response, "topic_errors") else response.topic_error_codes:
        if code:
            raise for_code(code)(message[0] if message else "")
