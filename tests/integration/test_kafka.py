"""The embedded Kafka is a real broker that keeps its records and says what is in its way."""

import asyncio
import json
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

from deploy.ports import free_port
from deploy.process import Status
from deploy.servers import ServerError
from deploy.servers.kafka import Kafka, running_kafka, running_kafka_async, to_process
from deploy.servers.kafka_jars import LOCK, kafka_jars
from deploy.supervisor import Supervisor

pytestmark = pytest.mark.integration


async def send(bootstrap: str, topic: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, value)


def _brokers_in(folder: Path) -> list[psutil.Process]:
    """Find what we have started there: the broker's Java and the tether it hangs on."""
    below = psutil.Process().children(recursive=True)
    return [process for process in below if str(folder) in " ".join(process.cmdline())]


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


def test_folder_may_have_a_name_with_spaces_and_signs(tmp_path: Path) -> None:
    with running_kafka(tmp_path / "ada's shop: #1 = 100%!" / "kafka") as kafka:
        assert (kafka.folder / "log" / "meta.properties").exists()


def test_taken_port_gives_way_to_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with running_kafka(tmp_path / "kafka", port) as kafka:
            assert kafka.port != port


def test_folder_of_a_live_broker_is_refused_with_its_pid(tmp_path: Path) -> None:
    with running_kafka(tmp_path / "kafka"):
        (broker,) = (each for each in _brokers_in(tmp_path) if "java" in each.name())
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


def test_port_taken_between_look_and_start_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        offered = iter([port])
        monkeypatch.setattr("deploy.servers.kafka.free_port", lambda *_, **__: next(offered, 0) or free_port())
        said: list[str] = []

        with running_kafka(tmp_path / "kafka", report=said.append) as kafka:
            assert kafka.port != port

    assert any(line.startswith(f"someone took port {port}") for line in said)


def test_broker_that_does_not_serve_in_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.servers.kafka.START_SECONDS", 0.0)

    with pytest.raises(ServerError, match="Kafka does not serve after 0 seconds"):
        running_kafka(tmp_path / "kafka").__enter__()

    assert not _brokers_in(tmp_path)


async def test_killed_broker_is_restarted_by_its_supervisor_at_the_same_address(tmp_path: Path) -> None:
    kafka = await asyncio.to_thread(Kafka, tmp_path / "kafka")
    back = asyncio.Event()

    def changed(status: Status) -> None:
        if status.restarts and status.state == "ready":
            back.set()

    async with Supervisor([to_process(kafka)], logs=tmp_path / "logs", changed=changed) as supervisor:
        assert await supervisor.all_ready()
        await send(kafka.bootstrap_servers, "things", b"tea")
        pid = supervisor.status("kafka").pid
        assert pid
        psutil.Process(pid).kill()
        await asyncio.wait_for(back.wait(), 30)

        assert await first(kafka.bootstrap_servers, "things") == b"tea"
    assert supervisor.status("kafka").exit_code == 128 + signal.SIGTERM


def test_first_clean_stop_leaves_a_class_archive_that_the_next_start_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = kafka_jars()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / jars.name).symlink_to(jars)
    monkeypatch.setenv("STORESTREAM_CACHE", str(tmp_path / "cache"))
    with running_kafka(tmp_path / "kafka") as recording:
        assert any(flag.startswith("-XX:ArchiveClassesAtExit=") for flag in recording.recording_argv)
        assert not any("Archive" in flag for flag in recording.argv)

    with running_kafka(tmp_path / "kafka") as mapping:
        assert any(flag.startswith("-XX:SharedArchiveFile=") for flag in mapping.argv)
        assert mapping.argv == mapping.recording_argv


def test_real_maven_fetches_a_damaged_jar_again(tmp_path: Path) -> None:
    locked = json.loads(LOCK.read_text())
    smallest = min(locked["jars"], key=lambda jar: int(jar["size"]))
    lock = tmp_path / "one.lock.json"
    lock.write_text(json.dumps({**locked, "jars": [smallest]}))
    said: list[str] = []
    (jar,) = kafka_jars(tmp_path / "cache", lock=lock, report=said.append).iterdir()
    whole = jar.read_bytes()
    jar.write_bytes(whole[:-1])

    kafka_jars(tmp_path / "cache", lock=lock, report=said.append)

    assert jar.read_bytes() == whole
    assert f"{jar.name} in the cache is damaged; fetching it again" in said
