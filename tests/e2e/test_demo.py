"""`storestream demo` as its user runs it: whole, and with workers killed under it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.demo.catalogue import Product
from tests.e2e import merchant

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

# The demo brings its own servers; what the surroundings point at is not its business.
ADDRESSES = ("KAFKA_BOOTSTRAP_SERVERS", "CLICKHOUSE_URL", "SCHEMA_REGISTRY_URL", "META_GRAPH_URL")


def start_demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    argv = [sys.executable, "-m", "deploy.cli", "demo", "--keep", str(folder), *options]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def outcome_of(demo: subprocess.Popen[str], folder: Path) -> dict[str, Any]:
    report, said = demo.communicate(timeout=230)
    logs = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in folder.glob("logs/*.log"))
    assert demo.returncode == 0, f"{said[-2000:]}\n{report[-3000:]}\n{logs}"
    outcome: dict[str, Any] = json.loads(report.splitlines()[-1])
    return outcome


def worker(demo: subprocess.Popen[str], name: str) -> psutil.Process:
    """The worker *name* itself, not the tether that holds it."""
    for process in psutil.Process(demo.pid).children(recursive=True):
        line = process.cmdline()
        if line[-2:] == ["run", name] and not any("tether" in word for word in line):
            return process
    raise AssertionError(f"no process runs {name}")


def until_traffic_flows(folder: Path) -> None:
    """Wait until the archive has written its first events: the middle of the demo."""
    log, deadline = folder / "logs" / "archive.log", time.monotonic() + 90
    while not (log.exists() and '"events"' in log.read_text(errors="replace")):
        assert time.monotonic() < deadline, "no events reached ClickHouse"
        time.sleep(0.1)


def a_price_changes(running: merchant.Running) -> tuple[float, dict[str, Any]]:
    """Change a price at the fake Shopify, see it at the fake Meta, and look at the product: how long, and what is told.

    The fastest of three tries counts: a machine may be busy once.
    """
    product, tries = merchant.a_product(), []
    for price in (111.0, 117.5, 123.45):
        running.shopify.patch(f"/_products/{product.product_id}", json={"price": price}).raise_for_status()
        wanted = f"{price:.2f} EUR"
        tries.append(merchant.seconds_until(lambda w=wanted: prices_of(running, product) == {w}))  # type: ignore[misc]
    event_id = running.view(product, product.variants[0])
    merchant.seconds_until(lambda: running.conversion(event_id) is not None)
    told = running.conversion(event_id)
    assert told is not None
    return min(tries), told["custom_data"]


def prices_of(running: merchant.Running, product: Product) -> set[str | None]:
    items = [running.item(str(variant.variant_id)) for variant in product.variants]
    return {item["price"] if item else None for item in items}


def a_product_goes(running: merchant.Running) -> tuple[dict[str, bool], dict[str, bool]]:
    """Delete the product at the fake Shopify; tells where it was before, and afterwards."""
    product = merchant.a_product()
    before = whereabouts(running, product)
    running.shopify.delete(f"/_products/{product.product_id}").raise_for_status()
    merchant.seconds_until(lambda: not any(whereabouts(running, product).values()))
    return before, whereabouts(running, product)


def whereabouts(running: merchant.Running, product: Product) -> dict[str, bool]:
    sql = "SELECT count() FROM products_now WHERE product_id = {product:String}"
    return {
        "meta": prices_of(running, product) != {None},
        "feed": f"<g:id>{product.variants[0].variant_id}</g:id>" in running.feed(),
        "table": running.rows(sql, product=str(product.product_id)) != [(0,)],
    }


def test_the_demo_loses_nothing_while_a_merchant_is_at_work_and_ends_with_a_line_of_json(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--events", "1500", "--rate", "80")
    until_traffic_flows(tmp_path)
    with merchant.fake_shopify(worker(demo, "api").environ()) as running:
        took, shown = a_price_changes(running)
        before, after = a_product_goes(running)

    outcome = outcome_of(demo, tmp_path)

    assert took < 5
    assert (shown["contents"][0]["item_price"], shown["currency"]) == (123.45, "EUR")
    assert before == {"meta": True, "feed": True, "table": True}
    assert after == {"meta": False, "feed": False, "table": False}
    assert outcome["items_accepted"] > 800
    assert (outcome["items_rejected"], outcome["items_waiting"]) == (2, 0)
    assert outcome["items_skipped"] > 10
    assert outcome["items_deleted"] >= 6
    assert 0 < outcome["change_accepted_p50_seconds"] <= outcome["change_accepted_p95_seconds"]
    assert outcome["content_id_match_rate"] > 0.9
    assert outcome["lost"] == outcome["duplicated"] == 0
    assert outcome["events_in_clickhouse"] == outcome["events_sent"] > 1000
    assert outcome["orders_in_clickhouse"] == outcome["orders_sent"] > 5
    assert outcome["conversions_accepted"] > 500
    assert outcome["rejected"] > 0
    assert outcome["persons"] <= outcome["sessions"]


def test_killing_stitch_and_archive_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--events", "2500", "--rate", "150")
    until_traffic_flows(tmp_path)
    for name in ("stitch", "archive", "forward"):
        os.kill(worker(demo, name).pid, signal.SIGKILL)
        time.sleep(1)

    outcome = outcome_of(demo, tmp_path)

    assert outcome["lost"] == outcome["duplicated"] == 0
    assert outcome["events_in_clickhouse"] == outcome["events_sent"]
    assert outcome["orders_in_clickhouse"] == outcome["orders_sent"]


def test_nothing_survives_a_demo_that_is_killed(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--events", "5000")
    until_traffic_flows(tmp_path)
    family = psutil.Process(demo.pid).children(recursive=True)
    demo.kill()
    demo.communicate()

    _, alive = psutil.wait_procs(family, timeout=30)

    assert family
    assert alive == []
