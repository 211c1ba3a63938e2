"""What `storestream up` would start, decided without starting anything."""

from pathlib import Path

import pytest

from deploy.servers import ServerError
from deploy.stack import plan_stack

OUTSIDE = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}  # an embedded one would be fetched


def test_an_address_that_is_empty_is_none(tmp_path: Path) -> None:
    stack = plan_stack(tmp_path, OUTSIDE | {"CLICKHOUSE_URL": "", "META_GRAPH_URL": ""}, fixed_ports=False)

    assert {"clickhouse", "meta"} <= {process.name for process in stack.processes}
    assert stack.addresses["Kafka"] == "127.0.0.1:1"
    assert stack.environment["META_GRAPH_URL"] == stack.addresses["Meta (stand-in)"]


def test_workers_do_not_share_a_port_for_metrics(tmp_path: Path) -> None:
    stack = plan_stack(tmp_path, OUTSIDE | {"WORKER_METRICS_PORT": "9100"}, fixed_ports=False)

    assert {process.env["WORKER_METRICS_PORT"] for process in stack.processes if process.env} == {"0"}


@pytest.mark.parametrize("name", ["meta_token", "clickhouse/password"])
def test_what_cannot_be_read_in_the_folder_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(parents=True)

    with pytest.raises(ServerError, match=f"{name} cannot be used: Is a directory"):
        plan_stack(tmp_path, OUTSIDE, fixed_ports=False)
