"""docker-compose.yml is the whole production shape: safe by default, and of the same names as the code."""

import json
import re

import pytest

from deploy.cli import COMMANDS
from deploy.commands.run import ENTRIES
from deploy.commands.shops import read_shops
from tests.env_example import ROOT
from tests.unit.compose_file import CLUSTER, PROCESSES, clustered, single

SERVICE_KEYS = frozenset(
    [
        "build",
        "cap_drop",
        "command",
        "depends_on",
        "env_file",
        "environment",
        "healthcheck",
        "image",
        "init",
        "logging",
        "mem_limit",
        "ports",
        "profiles",
        "read_only",
        "restart",
        "security_opt",
        "stop_grace_period",
        "tmpfs",
        "ulimits",
        "user",
        "volumes",
    ]
)
"""Of the Compose specification, those used here: https://github.com/compose-spec/compose-spec/blob/main/05-services.md"""


def test_the_whole_production_shape_is_there() -> None:
    servers = {"kafka", "clickhouse", "registry", "kafka-ui", "prometheus", "grafana"}

    assert set(single()) == servers | {"prepare"} | set(PROCESSES)
    assert set(PROCESSES) == set(ENTRIES)


def test_cluster_profile_has_three_brokers_that_agree() -> None:
    brokers = [clustered()[name]["environment"] for name in ("kafka", "kafka-2", "kafka-3")]
    assert [broker["KAFKA_NODE_ID"] for broker in brokers] == ["1", "2", "3"]
    for broker, name in zip(brokers, ("kafka", "kafka-2", "kafka-3"), strict=True):
        assert broker["KAFKA_CONTROLLER_QUORUM_VOTERS"] == CLUSTER["KAFKA_QUORUM_VOTERS"]
        assert f"{broker['KAFKA_NODE_ID']}@{name}:9093" in CLUSTER["KAFKA_QUORUM_VOTERS"].split(",")
        assert f"INSIDE://{name}:9092" in broker["KAFKA_ADVERTISED_LISTENERS"]
        assert broker["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] == "3"
        assert broker["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
    assert len({broker["CLUSTER_ID"] for broker in brokers}) == 1
    commented = "".join(f"#   {name}={value}\n" for name, value in CLUSTER.items())
    assert commented in (ROOT / ".env.example").read_text()


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_runs_its_own_command(name: str) -> None:
    assert single()[name]["command"] == ["storestream", "run", name]
    assert "run" in COMMANDS


def test_prepare_makes_topics_tables_and_shops_before_any_process_starts() -> None:
    commands = re.findall(r"storestream (\w+)", single()["prepare"]["command"][-1])

    assert commands == ["topics", "migrate", "shops"]
    assert set(commands) <= set(COMMANDS)
    for name in PROCESSES:
        assert single()[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert {each["condition"] for each in single()["prepare"]["depends_on"].values()} == {"service_healthy"}


def test_services_have_only_keys_that_compose_knows() -> None:
    for name, service in (single() | clustered()).items():
        assert set(service) <= SERVICE_KEYS, name


def test_every_service_is_watched_bounded_pinned_and_restarted() -> None:
    for name, service in (single() | clustered()).items():
        assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), name
        assert "mem_limit" in service, name
        assert service["restart"] == ("on-failure" if name == "prepare" else "unless-stopped")
        assert name == "prepare" or service["healthcheck"]["test"][0] == "CMD", name


def test_ports_are_on_loopback() -> None:
    ports = [port for each in (single() | clustered()).values() for port in each.get("ports", [])]

    assert len(ports) >= 8
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.rsplit(":", 1)[0] for port in ports}) == len(ports)


def test_nothing_of_ours_runs_as_root_or_writes_to_its_image() -> None:
    for name in (*PROCESSES, "prepare"):
        service = single()[name]
        assert not service["user"].startswith("0"), name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    assert re.search(r"^USER 10001:10001$", (ROOT / "deploy" / "Dockerfile").read_text(), re.M)
    assert all(not service.get("user", "1").startswith("0") for service in single().values())


def test_the_image_holds_what_the_processes_need_and_no_secrets() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (.+) \S+$", dockerfile, re.M)
    allowed = (ROOT / ".dockerignore").read_text().split()

    assert "pip install --require-hashes -r requirements/run.txt" in dockerfile
    for source in " ".join(copied).split():
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed
    assert allowed[0] == "*"


def test_the_brokers_are_of_the_release_that_the_tests_run() -> None:
    embedded = json.loads((ROOT / "deploy" / "servers" / "kafka.lock.json").read_text())["kafka"]

    assert single()["kafka"]["image"] == f"apache/kafka:{embedded}"


def test_the_example_of_shops_is_one_that_prepare_takes() -> None:
    (mount,) = single()["prepare"]["volumes"]
    source, target, mode = mount.split(":")

    assert [shop.shop_id for shop in read_shops(ROOT / source)] == ["example"]
    assert (target, mode) == ("/config/shops.yaml", "ro")
    assert target in single()["prepare"]["command"][-1]
