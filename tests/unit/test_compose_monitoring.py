"""Prometheus scrapes what has metrics, and Grafana asks for what exists."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from types import ModuleType
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from streams.cataloguing import metrics as cataloguing_metrics
from streams.forwarding import metrics as forwarding_metrics
from streams.stitching import metrics as stitching_metrics
from tests.declared_metrics import declared_series, labels_in, labels_of, series_in
from tests.unit.compose_file import COMPOSE, PROCESSES, single

WORKERS = ("stitch", "forward", "archive", "catalog")
METRICS_PORTS = ("WORKER_METRICS_PORT", "JOBS_METRICS_PORT", "INGEST_PORT", "API_PORT")


def test_prometheus_scrapes_every_service_that_has_metrics() -> None:
    server = ElementTree.parse(COMPOSE / "clickhouse" / "server.xml")
    expected = {f"clickhouse:{server.findtext('prometheus/port')}"}
    for name in PROCESSES:
        environment = single()[name]["environment"]
        if port := next(filter(None, map(environment.get, METRICS_PORTS)), None):
            expected.add(f"{name}:{port}")

    assert scraped() == expected
    assert {name for name in single() if "WORKER_METRICS_PORT" in (single()[name].get("environment") or {})} == set(
        WORKERS
    )


def scraped() -> set[str]:
    found = set()
    for job in yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]:
        for listed in job.get("static_configs", ()):
            found.update(listed["targets"])
        for named in job.get("dns_sd_configs", ()):
            found.update(f"{name}:{named['port']}" for name in named["names"])
    return found


def dashboard() -> dict[str, Any]:
    board: dict[str, Any] = json.loads((COMPOSE / "grafana" / "dashboards" / "storestream.json").read_text())
    return board


def test_the_dashboard_asks_only_for_metrics_that_the_code_declares() -> None:
    asked = {
        series for panel in dashboard()["panels"] for each in panel["targets"] for series in series_in(each.get("expr"))
    }
    ours = {series for series in asked if not series.startswith("ClickHouse")}

    assert ours <= declared_series().keys()
    assert {"worker_records_behind", "ingest_requests_answered_total"} <= ours


def test_alerts_watch_what_the_code_declares_and_say_what_is_wrong() -> None:
    (mounted,) = [each for each in single()["prometheus"]["volumes"] if "alerts.yml" in each]
    (group,) = yaml.safe_load((COMPOSE / "alerts.yml").read_text())["groups"]
    watched = {series for rule in group["rules"] for series in series_in(rule["expr"])}

    assert yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["rule_files"] == [mounted.split(":")[1]]
    assert watched - {"up"} <= declared_series().keys()
    assert {"worker_records_behind", "forward_circuit_state", "catalog_circuit_state"} <= watched
    assert all(rule["annotations"]["summary"] for rule in group["rules"])
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])


def test_alerts_group_match_and_tell_by_labels_that_the_series_have() -> None:
    (group,) = yaml.safe_load((COMPOSE / "alerts.yml").read_text())["groups"]
    wrong = {
        rule["alert"]: labels
        for rule in group["rules"]
        if (labels := labels_in(rule["expr"], rule["annotations"]["summary"]) - labels_of(series_in(rule["expr"])))
    }

    assert wrong == {}
    assert labels_in('sum by (a, b) (x{c!="d"}) or absent(y{e=~"f"})', "{{ $labels.g }} {{h}}") == set("abcegh")
    assert declared_series()["worker_records_behind"] == {"worker", "topic", "partition"}


def test_the_dashboard_groups_and_tells_by_labels_that_the_series_have() -> None:
    asked = [
        (each["expr"], each.get("legendFormat", ""))
        for panel in dashboard()["panels"]
        for each in panel["targets"]
        if "expr" in each
    ]

    assert {
        expr: labels for expr, legend in asked if (labels := labels_in(expr, legend) - labels_of(series_in(expr)))
    } == {}


def test_alerts_that_wait_for_a_process_to_be_away_name_a_job_that_is_scraped() -> None:
    jobs = {job["job_name"] for job in yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]}
    (group,) = yaml.safe_load((COMPOSE / "alerts.yml").read_text())["groups"]
    named = {job for rule in group["rules"] for job in re.findall(r'job="(\w+)"', rule["expr"])}

    assert named == set(WORKERS)  # who may be several has no target while none runs
    assert named <= jobs


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_each_alert_is_raised_when_it_should_and_only_then() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", "alerts.test.yml"], cwd=COMPOSE, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried() -> None:
    (group,) = yaml.safe_load((COMPOSE / "alerts.yml").read_text())["groups"]
    cases = yaml.safe_load((COMPOSE / "alerts.test.yml").read_text())["tests"]

    assert {rule["alert"] for rule in group["rules"]} == {
        tried["alertname"] for case in cases for tried in case.get("alert_rule_test", ())
    }
    given = {series_in(each["series"]).pop() for case in cases for each in case["input_series"]}
    assert given - {"up"} <= declared_series().keys()


@pytest.mark.parametrize(
    "module", [cataloguing_metrics, forwarding_metrics, stitching_metrics], ids=lambda each: each.__name__
)
def test_a_worker_answers_with_every_metric_it_counts(module: ModuleType) -> None:
    counted = {each for each in vars(module).values() if isinstance(each, MetricWrapperBase)}

    assert counted
    assert counted <= set(module.COLLECTORS)


def test_the_dashboard_names_data_sources_that_are_provisioned() -> None:
    provisioned = yaml.safe_load((COMPOSE / "grafana/provisioning/datasources/storestream.yaml").read_text())
    known = {(each["type"], each["uid"]) for each in provisioned["datasources"]}
    panels = dashboard()["panels"]

    assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in panels} == known
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["description"] for panel in panels)
