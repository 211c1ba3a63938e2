import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.errors import ConfigurationError
from schemas.settings import settings
from streams.faust_fixes.changelogs import epochs
from streams.faust_fixes.epochs import header
from streams.outbox import Outbox, Output
from streams.records import Records
from streams.tables import Table
from streams.worker import agent, create_app


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1,127.0.0.1:2")
    monkeypatch.setenv("STORESTREAM_PARTITIONS", "8")
    monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", "test-")
    monkeypatch.setenv("WORKER_SESSION_TIMEOUT_SECONDS", "12")
    settings.cache_clear()
    yield
    settings.cache_clear()


class FakeOutbox(Outbox):
    """Remembers what was sent to which topic and partition."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, list[Output]]] = []

    async def send(self, topic: str, partition: int, outputs: Any) -> None:
        self.sent.append((topic, partition, list(outputs)))


def test_an_app_has_the_settings_that_keep_events_and_pay() -> None:
    conf = create_app("stitch").conf

    assert conf.id == "test-stitch"
    assert [str(url) for url in conf.broker] == ["kafka://127.0.0.1:1", "kafka://127.0.0.1:2"]
    assert (conf.processing_guarantee.value, conf.consumer_auto_offset_reset) == ("at_least_once", "earliest")
    assert (conf.producer_acks, conf.producer_linger, conf.producer_max_batch_size) == (-1, 0.02, 131_072)
    assert conf.producer_compression_type == "zstd"
    assert (conf.table_standby_replicas, conf.topic_partitions, conf.topic_disable_leader) == (0, 8, True)
    assert (conf.cython_optimizations, conf.web_enabled, conf.stream_wait_empty) == (True, False, True)
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval, conf.broker_commit_interval) == (12, 2, 1)
    assert conf.consumer_group_instance_id is None


def test_an_instance_name_makes_the_worker_a_static_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_INSTANCE", "stitch-0")

    assert create_app("stitch").conf.consumer_group_instance_id == "stitch-0"


def test_a_worker_without_an_address_of_kafka_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS")

    with pytest.raises(ConfigurationError, match="KAFKA_BOOTSTRAP_SERVERS"):
        create_app("stitch")


def test_building_a_worker_opens_no_connection() -> None:
    source = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('a connection')\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        "from streams.outbox import Outbox\nfrom streams.tables import Table\n"
        "from streams.worker import agent, create_app\n"
        "app = create_app('stitch')\nTable(app, 'visitors', Outbox(app))\n"
        "@agent(app, 'events.received')\nasync def stitch(records): ...\n"
    )

    assert subprocess.run([sys.executable, "-c", source], timeout=60, check=False).returncode == 0


def test_an_agent_reads_the_topics_it_names_and_keeps_its_docstring() -> None:
    app = create_app("stitch")

    @agent(app, "events.received", "orders.received")
    async def stitch_events(records: Records) -> None:
        """Stamp every event."""

    (made,) = app.agents.values()

    assert tuple(made.channel.topics) == ("test-events.received", "test-orders.received")
    assert (made.name.rpartition(".")[2], made.help, made.concurrency) == ("stitch_events", "Stamp every event.", 1)


async def test_a_state_is_kept_and_leaves_for_the_changelog_of_its_partition() -> None:
    outbox = FakeOutbox()
    table = Table(create_app("stitch"), "visitors", outbox)
    epochs(table._table.data)[5] = 7
    await table.put(5, {b"ada": b"state", b"bob": b"other"})

    assert (table.get(b"ada"), table.get(b"nobody"), len(table)) == (b"state", None, 2)
    assert sorted(table.items()) == [(5, b"ada", b"state"), (5, b"bob", b"other")]
    written = [Output(b"ada", b"state", (header(7),)), Output(b"bob", b"other", (header(7),))]
    assert outbox.sent == [("test-stitch-visitors-changelog", 5, written)]


async def test_a_deleted_state_leaves_a_tombstone() -> None:
    outbox = FakeOutbox()
    table = Table(create_app("stitch"), "visitors", outbox)
    await table.put(0, {b"ada": b"state"})
    await table.put(0, {b"ada": None})

    assert (table.get(b"ada"), len(table), list(table.items())) == (None, 0, [])
    assert outbox.sent[-1] == ("test-stitch-visitors-changelog", 0, [Output(b"ada", None, (header(0),))])


async def test_states_go_with_the_partition_they_belong_to() -> None:
    table = Table(create_app("stitch"), "visitors", FakeOutbox())
    await table.put(0, {b"ada": b"state"})
    await table.put(1, {b"bob": b"state"})
    await table._table.data.on_recovery_completed({(table.changelog, 1)}, set())

    assert [key for _, key, _ in table.items()] == [b"bob"]
    assert len(table) == 1
