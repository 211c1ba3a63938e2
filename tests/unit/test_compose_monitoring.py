"""Prometheus scrapes what has metrics, and Grafana asks for what exists."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import yaml

from tests.declared_metrics import declared_series, series_in
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

    assert ours <= declared_series()
    assert {"worker_records_behind", "ingest_requests_answered_total"} <= ours


def test_alerts_watch_what_the_code_declares_and_say_what_is_wrong() -> None:
    (mounted,) = [each for each in single()["prometheus"]["volumes"] if "alerts.yml" in each]
    (group,) = yaml.safe_load((COMPOSE / "alerts.yml").read_text())["groups"]
    watched = {series for rule in group["rules"] for series in series_in(rule["expr"])}

    assert yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["rule_files"] == [mounted.split(":")[1]]
    assert watched - {"up"} <= declared_series()
    assert {"worker_records_behind", "forward_circuit_state", "catalog_circuit_state"} <= watched
    assert all(rule["annotations"]["summary"] for rule in group["rules"])
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])


def test_the_dashboard_names_data_sources_that_are_provisioned() -> None:
    provisioned = yaml.safe_load((COMPOSE / "grafana/provisioning/datasources/storestream.yaml").read_text())
    known = {(each["type"], each["uid"]) for each in provisioned["datasources"]}
    panels = dashboard()["panels"]

    assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in panels} == known
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["description"] for panel in panels)
