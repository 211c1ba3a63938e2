"""The embedded Kafka is a real broker that keeps its records and says what is in its way."""

import re
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.servers import ServerError
from deploy.servers.kafka import Kafka, running_kafka, running_kafka_async

pytestmark = pytest.mark.integration


async def send(bootstrap: str, topic: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def first(bootstrap: str, topic: str) -> bytes:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=f"readers-{uuid.uuid4()}", auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
    return bytes(record.value)


async def test_shared_kafka_takes_a_record_and_gives_it_to_a_group(kafka_bootstrap: str) -> None:
    topic = f"things.{uuid.uuid4()}"

    await send(kafka_bootstrap, topic, b"tea")

    assert await first(kafka_bootstrap, topic) == b"tea"


async def test_second_start_on_the_same_folder_has_the_records_of_the_first(tmp_path: Path) -> None:
    async with running_kafka_async(tmp_path / "kafka") as kafka:
        await send(kafka.bootstrap_servers, "things", b"tea")

    async with running_kafka_async(tmp_path / "kafka") as kafka:
        assert await first(kafka.bootstrap_servers, "things") == b"tea"


def test_taken_port_gives_way_to_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with running_kafka(tmp_path / "kafka", port) as kafka:
            assert kafka.port != port


def test_folder_of_a_live_broker_is_refused_with_its_pid(tmp_path: Path) -> None:
    with running_kafka(tmp_path / "kafka"):
        broker = next(p for p in psutil.Process().children(recursive=True) if "java" in p.name())
        with pytest.raises(ServerError, match=rf"in use by a running Kafka \(process {broker.pid}\)"):
            Kafka(tmp_path / "kafka")


def test_broker_that_cannot_start_gives_the_end_of_its_log(tmp_path: Path) -> None:
    with running_kafka(tmp_path / "kafka"):
        pass
    (tmp_path / "kafka" / "log" / "__cluster_metadata-0" / "quorum-state").write_text("not json")

    with pytest.raises(ServerError, match=r"(?s)Kafka ended during its start.*JsonParseException"):
        running_kafka(tmp_path / "kafka").__enter__()


def test_killed_starter_takes_its_broker_along_and_the_folder_serves_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.servers.kafka", str(tmp_path / "kafka")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as starter:
        assert starter.stderr is not None
        assert any("serving at" in line for line in starter.stderr)
        below = psutil.Process(starter.pid).children(recursive=True)
        assert any(re.search("java", process.name()) for process in below)
        starter.send_signal(signal.SIGKILL)

    gone, alive = psutil.wait_procs(below, timeout=20)
    assert not alive
    assert gone

    with running_kafka(tmp_path / "kafka") as kafka:
        assert kafka.bootstrap_servers
