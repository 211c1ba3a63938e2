"""A follower has every record of its topic, in order, whatever happens to topic, broker and offsets."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.admin.records_to_delete import RecordsToDelete

from connectors.kafka import follower as followers
from connectors.kafka.follower import Follower
from deploy.ports import free_port
from deploy.servers.kafka import running_kafka_async
from schemas.errors import TransientError
from tests.integration.kafka_topics import admin_of, make_topic, produce, until

pytestmark = pytest.mark.integration


def a_topic_name() -> str:
    return f"test-{uuid.uuid4().hex[:8]}-things"


@asynccontextmanager
async def following(bootstrap: str, topic: str) -> AsyncIterator[tuple[Follower, list[tuple[bytes, bytes]]]]:
    """Follow *topic*; the list holds keys and values as they come."""
    seen: list[tuple[bytes, bytes]] = []
    follower = Follower(bootstrap, topic, lambda record: seen.append((record.key, record.value)))
    await follower.start()
    try:
        yield follower, seen
    finally:
        await follower.stop()


def things(first: int, last: int) -> list[tuple[bytes | None, bytes | None]]:
    return [(b"%d" % number, b"thing %d" % number) for number in range(first, last)]


async def test_following_since_a_time_leaves_out_what_was_there_before(kafka_bootstrap: str) -> None:
    topic, seen = a_topic_name(), list[bytes]()
    await make_topic(kafka_bootstrap, topic, 2)
    await produce(kafka_bootstrap, topic, things(0, 10), partition=0)
    await asyncio.sleep(0.05)
    since = int(time.time() * 1000)
    await produce(kafka_bootstrap, topic, things(10, 20), partition=0)

    follower = Follower(kafka_bootstrap, topic, lambda record: seen.append(record.key), since=since)
    await follower.start()
    try:
        await follower.caught_up(30)
        await produce(kafka_bootstrap, topic, things(20, 30), partition=1)
        await until(lambda: len(seen) == 20)
    finally:
        await follower.stop()

    assert sorted(map(int, seen)) == list(range(10, 30))


async def test_what_was_there_comes_first_and_what_follows_comes_after(kafka_bootstrap: str) -> None:
    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic, 2)
    await produce(kafka_bootstrap, topic, things(0, 1000), partition=0)
    await produce(kafka_bootstrap, topic, things(1000, 1500), partition=1)

    async with following(kafka_bootstrap, topic) as (follower, seen):
        await follower.caught_up(30)
        assert len(seen) == 1500
        await produce(kafka_bootstrap, topic, [(b"1", b"changed"), (b"1", None)])
        await until(lambda: len(seen) == 1502)

    assert sorted(seen[:1500]) == sorted(things(0, 1500))
    assert [each for each in seen[:1500] if int(each[0]) < 1000] == things(0, 1000)
    assert seen[1500:] == [(b"1", b"changed"), (b"1", None)]


async def test_empty_topic_is_caught_up_at_once(kafka_bootstrap: str) -> None:
    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic, 3)

    async with following(kafka_bootstrap, topic) as (follower, seen):
        await follower.caught_up(30)

    assert seen == []


async def test_topic_whose_every_record_was_deleted_is_caught_up(kafka_bootstrap: str) -> None:
    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic)
    await produce(kafka_bootstrap, topic, things(0, 10))
    async with admin_of(kafka_bootstrap) as client:
        await client.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=10)})

    async with following(kafka_bootstrap, topic) as (follower, seen):
        await follower.caught_up(30)
        assert seen == []
        await produce(kafka_bootstrap, topic, things(10, 11))
        await until(lambda: seen == things(10, 11))


async def test_gaps_that_compaction_leaves_do_not_hold_it_up(kafka_bootstrap: str) -> None:
    topic = a_topic_name()
    await make_topic(
        kafka_bootstrap, topic, cleanup_policy="compact", segment_ms="200", min_cleanable_dirty_ratio="0.01",
        delete_retention_ms="0", max_compaction_lag_ms="200",
    )  # fmt: skip
    for version in range(5):
        await produce(kafka_bootstrap, topic, [(b"a", b"%d" % version), (b"b", None)])
        await asyncio.sleep(0.3)
    await until_compacted(kafka_bootstrap, topic, of=10)

    async with following(kafka_bootstrap, topic) as (follower, seen):
        await follower.caught_up(30)

    assert len(seen) < 10
    assert dict(seen)[b"a"] == b"4"


async def until_compacted(bootstrap: str, topic: str, of: int) -> None:
    """Wait until fewer than *of* records are left; each look rolls the newest file, which compaction spares."""
    deadline = time.monotonic() + 60
    while True:
        async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
            left = 0
            while fetched := await consumer.getmany(timeout_ms=1000):
                left += sum(map(len, fetched.values()))
        if left < of:
            return
        assert time.monotonic() < deadline, "the broker did not compact"
        await asyncio.sleep(1)


async def test_topic_that_appears_later_is_waited_for(kafka_bootstrap: str) -> None:
    topic = a_topic_name()

    async with following(kafka_bootstrap, topic) as (follower, seen):
        with pytest.raises(TransientError, match=r"was not read to its end in 1 s"):
            await follower.caught_up(1)
        await make_topic(kafka_bootstrap, topic)
        await follower.caught_up(30)
        await produce(kafka_bootstrap, topic, things(0, 1))
        await until(lambda: seen == things(0, 1))


async def test_topic_made_anew_is_read_from_its_beginning(kafka_bootstrap: str) -> None:
    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic)
    await produce(kafka_bootstrap, topic, things(0, 10))

    async with following(kafka_bootstrap, topic) as (follower, seen):
        await follower.caught_up(30)
        async with admin_of(kafka_bootstrap) as client:
            await client.delete_topics([topic])
            await asyncio.sleep(1)
        await make_topic(kafka_bootstrap, topic)
        await produce(kafka_bootstrap, topic, things(10, 13))
        await until(lambda: seen[10:] == things(10, 13))


async def test_partitions_added_later_are_read_too(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "METADATA_AGE_MS", 500)
    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic)
    await produce(kafka_bootstrap, topic, things(0, 5))

    async with following(kafka_bootstrap, topic) as (follower, seen):
        await follower.caught_up(30)
        async with admin_of(kafka_bootstrap) as client:
            await client.create_partitions({topic: NewPartitions(2)})
        await asyncio.sleep(0.5)
        await produce(kafka_bootstrap, topic, things(5, 7), partition=1)
        await until(lambda: len(seen) == 7)

    assert seen == things(0, 7)


async def test_restarted_broker_is_followed_on_without_loss_or_doubles(tmp_path: Path) -> None:
    topic = a_topic_name()
    async with running_kafka_async(tmp_path / "kafka") as kafka:
        port = kafka.port
        await make_topic(kafka.bootstrap_servers, topic)
        await produce(kafka.bootstrap_servers, topic, things(0, 5))
        followed = following(kafka.bootstrap_servers, topic)
        follower, seen = await followed.__aenter__()
        await follower.caught_up(30)
    try:
        async with running_kafka_async(tmp_path / "kafka", port) as kafka:
            assert kafka.port == port
            await produce(kafka.bootstrap_servers, topic, things(5, 10))
            await until(lambda: len(seen) >= 10, within_seconds=60)
            assert seen == things(0, 10)
            await followed.__aexit__(None, None, None)
    finally:
        await follower.stop()


async def test_broker_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    topic, port = a_topic_name(), free_port()
    async with following(f"127.0.0.1:{port}", topic) as (follower, seen):
        with pytest.raises(TransientError):
            await follower.caught_up(0.5)
        async with running_kafka_async(tmp_path / "kafka", port) as kafka:
            assert kafka.port == port
            await make_topic(kafka.bootstrap_servers, topic)
            await produce(kafka.bootstrap_servers, topic, things(0, 2))
            await until(lambda: seen == things(0, 2), within_seconds=60)
            await follower.stop()


async def test_what_apply_raises_ends_the_following_and_is_told_at_once(kafka_bootstrap: str) -> None:
    def refuse(_: Any) -> None:
        raise LookupError("a bug")

    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic)
    await produce(kafka_bootstrap, topic, things(0, 1))
    told: list[BaseException] = []
    follower = Follower(kafka_bootstrap, topic, refuse, failed=told.append)
    await follower.start()

    with pytest.raises(LookupError):
        await follower.caught_up(30)
    with pytest.raises(LookupError):
        await follower.ended()

    assert not follower.is_caught_up
    assert [type(each) for each in told] == [LookupError]
    await follower.stop()


async def test_one_that_has_caught_up_and_ended_later_is_caught_up_no_more(kafka_bootstrap: str) -> None:
    def refuse_the_second(record: Any) -> None:
        if record.key != b"0":
            raise LookupError("a bug")

    topic = a_topic_name()
    await make_topic(kafka_bootstrap, topic)
    await produce(kafka_bootstrap, topic, things(0, 1))
    follower = Follower(kafka_bootstrap, topic, refuse_the_second)
    await follower.start()
    await follower.caught_up(30)
    assert follower.is_caught_up

    await produce(kafka_bootstrap, topic, things(1, 2))
    await until(lambda: not follower.is_caught_up)
    await follower.stop()
