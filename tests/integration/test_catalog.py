"""The worker `catalog` on real Kafka against the stand-in of Meta: what changes is accepted, killed or not."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from connectors.kafka import shops
from schemas.catalog_records import ProductReceipt, SyncJob
from schemas.topics import PRODUCTS_CHANGED
from tests.builders import NOON, a_shop
from tests.chaos.catalogs import killed, publish, sent_again
from tests.contract.meta_process import a_running_standin
from tests.integration.catalog_stage import CODEC, CatalogStage, a_deletion, a_product, are_all, some_catalog

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

OTHER_ID = "880000000000002"
SHOPS = {
    "leaving": a_shop(shop_id="leaving", catalogs=[some_catalog(catalog_id="11", include={"tags": ["ads"]})]),
    "refused": a_shop(shop_id="refused", catalogs=[some_catalog(catalog_id="12")]),
    "drifted": a_shop(shop_id="drifted", catalogs=[some_catalog(catalog_id="13")]),
    "removed": a_shop(shop_id="removed", catalogs=[some_catalog(catalog_id="14")]),
    "sharing": a_shop(shop_id="sharing", catalogs=[some_catalog(catalog_id="15")]),
    "shared": a_shop(shop_id="shared", catalogs=[some_catalog(catalog_id="15")]),
}


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    with a_running_standin() as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    kafka_bootstrap: str, standin: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CatalogStage]:
    """One worker with several shops; each test has its own."""
    stage = CatalogStage(kafka_bootstrap, standin, tmp_path_factory.mktemp("catalog"))
    await stage.prepare(*SHOPS.values())
    for number, shop_id in enumerate(SHOPS):
        own = stage.of(shop_id, str(11 + number))
        if shop_id == "leaving":
            await own.change(*(a_product(number, tags=["ads"]) for number in range(5)), a_product(5))
        elif shop_id == "shared":
            await own.change(a_product(7))
        else:
            await own.change(*(a_product(number) for number in range(6)))
    with stage.start() as child:
        yield stage
        child.kill()
    await stage.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(kafka_bootstrap: str, standin: str, tmp_path: Path) -> AsyncIterator[CatalogStage]:
    stage = CatalogStage(kafka_bootstrap, standin, tmp_path)
    yield stage
    await stage.close()


def is_over(name: str, trigger: str = "first") -> Any:
    """Look for a run that has ended."""

    def look(jobs: dict[str, SyncJob]) -> bool:
        job = jobs.get(name)
        return job is not None and job["trigger"] == trigger and job["state"] != "running"

    return look


def has(item: str, status: str) -> Any:
    """Look for an item's receipt."""

    def look(receipts: dict[str, ProductReceipt]) -> bool:
        return item in receipts and receipts[item]["status"] == status

    return look


def has_failed(item: str, times: int) -> Any:
    """Look for an item that was rejected so many times in a row."""

    def look(receipts: dict[str, ProductReceipt]) -> bool:
        return receipts[item]["status"] == "rejected" and receipts[item]["failures"] == times

    return look


async def test_a_change_is_accepted_and_what_leaves_is_gone(running: CatalogStage) -> None:
    stage = running.of("leaving", "11")
    await stage.until_jobs(is_over("main|full"))
    first = stage.items()
    await stage.change(
        a_product(1, at=NOON + 1, price=9.5, tags=["ads"]),
        a_deletion(2, at=NOON + 1),
        a_product(3, at=NOON + 1),
        a_product(4, at=NOON + 1, tags=["ads"], price=None),
        a_product(5, at=NOON + 1, tags=["ads"]),
    )
    await stage.until_items(lambda items: items.keys() == {"v0", "v1", "v5"} and items["v1"]["price"] == "9.50 EUR")
    receipts = await stage.until_receipts(
        lambda each: has("main|v4", "skipped")(each) and has("main|v5", "accepted")(each)
    )
    # An older state that comes late changes nothing, and is not what compaction would keep.
    await stage.change(a_product(1, at=NOON, price=1.0, tags=["ads"]))
    said = await _until_said_again(stage)

    assert first.keys() == {"v0", "v1", "v2", "v3", "v4"}
    assert are_all(receipts, "accepted", ["v0", "v1", "v5"])
    assert (receipts["main|v2"]["status"], receipts["main|v3"]["status"]) == ("deleted", "deleted")
    assert receipts["main|v4"]["reason"] == "missing_price"
    assert said["occurred_at"] == NOON + 1
    assert stage.items()["v1"]["price"] == "9.50 EUR"
    job = (await stage.jobs())["main|full"]
    assert (job["trigger"], job["state"], job["total"], job["done"], job["accepted"]) == ("first", "finished", 5, 5, 5)


async def _until_said_again(stage: CatalogStage) -> Any:
    deadline = time.monotonic() + 20
    while True:
        said = [value for key, value in await stage.read(PRODUCTS_CHANGED.name) if key == b"leaving|p1"]
        if said[-1]["occurred_at"] != NOON:
            return said[-1]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


async def test_refused_items_say_why_raise_an_alert_and_are_sent_again_when_asked(running: CatalogStage) -> None:
    stage = running.of("refused", "12")
    await stage.until_jobs(is_over("main|full"))
    stage.behave(reject_items={"item_ids": ["v1"], "message": "Image is too small: use 500 x 500 pixels"})
    for number in (1, 2, 3):
        await stage.change(a_product(1, at=NOON + number, price=10.0 + number))
        receipts = await stage.until_receipts(has_failed("main|v1", number))
    alerts = await stage.alerts()
    stage.behave(reject_items=None)
    await stage.request("retry")
    after = await stage.until_receipts(has("main|v1", "accepted"))
    retry = (await stage.until_jobs(is_over("main|retry", "command")))["main|retry"]

    assert receipts["main|v0"]["status"] == "accepted"
    assert receipts["main|v1"]["reason"] == "small_image"
    assert "too small" in str(receipts["main|v1"]["message"])
    assert receipts["main|v1"]["suggestion"]
    assert [(alert["kind"], alert["subject"], alert["count"]) for alert in alerts] == [("item_rejected", "main|v1", 3)]
    assert (after["main|v1"]["failures"], after["main|v1"]["job_id"]) == (0, retry["job_id"])
    assert (retry["state"], retry["total"], retry["accepted"]) == ("finished", 1, 1)


async def test_a_run_asked_for_deletes_orphans_brings_back_what_is_missing_and_mends_drift(
    running: CatalogStage,
) -> None:
    stage = running.of("drifted", "13")
    first = (await stage.until_jobs(is_over("main|full")))["main|full"]
    _send(stage, _stranger(), {"method": "DELETE", "data": {"id": "v1"}}, _sold_out("v2"))
    await stage.until_items(lambda items: "stranger" in items and "v1" not in items)
    await stage.request("reconcile")
    job = (await stage.until_jobs(is_over("main|reconcile", "command")))["main|reconcile"]

    items = stage.items()
    assert (first["orphans"], first["deleted"], first["accepted"]) == (0, 0, 6)
    assert items.keys() == {f"v{number}" for number in range(6)}
    assert items["v2"]["availability"] == "in stock"
    assert (job["state"], job["orphans"], job["repaired"], job["deleted"], job["total"]) == ("finished", 1, 2, 1, 3)


async def test_of_two_shops_with_one_catalog_at_meta_none_removes_what_the_other_has_sent(
    running: CatalogStage,
) -> None:
    stage, other = running.of("sharing", "15"), running.of("shared", "15")
    await stage.until_jobs(is_over("main|full"))
    await other.until_jobs(is_over("main|full"))
    await stage.request("reconcile")
    job = (await stage.until_jobs(is_over("main|reconcile", "command")))["main|reconcile"]

    assert (job["state"], job["orphans"], job["deleted"]) == ("finished", 1, 0)
    assert "v7" in stage.items()


def _send(stage: CatalogStage, *requests: dict[str, Any]) -> None:
    body, headers = {"item_type": "PRODUCT_ITEM", "requests": requests}, {"Authorization": f"Bearer {stage.token}"}
    stage.meta.post(f"/v26.0/{stage.catalog_id}/items_batch", json=body, headers=headers).raise_for_status()


def _stranger() -> dict[str, Any]:
    texts = {"title": "A jug", "description": "Of clay", "brand": "Clayworks", "price": "9.99 EUR"}
    links = {"link": "https://shop.example/jug", "image_link": "https://shop.example/jug.jpg"}
    fields = {"id": "stranger", "availability": "in stock", "condition": "new"} | texts | links
    return {"method": "CREATE", "data": fields}


def _sold_out(item_id: str) -> dict[str, Any]:
    return {"method": "UPDATE", "data": {"id": item_id, "availability": "out of stock"}}


async def test_a_catalog_taken_out_of_the_settings_is_left_as_it_is(running: CatalogStage) -> None:
    stage = running.of("removed", "14")
    await stage.until_jobs(is_over("main|full"))
    await shops.publish(stage.kafka, CODEC, [SHOPS["removed"] | {"catalogs": []}])
    await _until_logged(stage, "catalog left")
    await stage.change(a_product(0, at=NOON + 1, price=1.0), a_product(7))
    await asyncio.sleep(0.5)

    assert stage.items().keys() == {f"v{number}" for number in range(6)}
    assert stage.items()["v0"]["price"] != "1.00 EUR"


async def _until_logged(stage: CatalogStage, event: str) -> None:
    deadline = time.monotonic() + 20
    while event not in stage.log.read_text():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_a_full_sync_killed_twice_ends_without_a_second_call_for_a_noted_batch(stage: CatalogStage) -> None:
    stage.env["CATALOG_BATCH_ITEMS"], stage.catalog_id = "40", "21"
    await stage.prepare(a_shop(catalogs=[some_catalog(catalog_id="21")]))
    await publish(stage, 400)
    stage.behave(batch_delay_seconds=0.3)

    wrong = await killed(stage, "first", 400, kills=2)

    assert wrong == []
    assert await sent_again(stage) == []


async def test_killed_between_request_and_receipt_what_meta_has_is_what_the_shop_says(stage: CatalogStage) -> None:
    stage.catalog_id, stage.env["CATALOG_CONFIRM_SECONDS"] = "22", "1.5"
    await stage.prepare(a_shop(catalogs=[some_catalog(catalog_id="22")]))
    await stage.change(a_product(0, price=10.0))
    with stage.start() as child:
        await stage.until_jobs(is_over("main|full"))
        stage.behave(stall_seconds={"seconds": 2, "edge": "items_batch", "requests": 1})
        await stage.change(a_product(0, at=NOON + 1, price=20.0))
        await stage.until_receipts(has("main|v0", "pending"))
        await asyncio.sleep(0.3)
        child.kill()
    # Meta does what it was sent last before what it was sent first; that is over when the last is sent once more.
    await stage.change(a_product(0, at=NOON + 2, price=10.0))
    with stage.start() as child:
        receipts = await stage.until_receipts(has("main|v0", "accepted"))
        child.kill()

    assert stage.items()["v0"]["price"] == "10.00 EUR"
    assert receipts["main|v0"]["attempts"] == 2


async def test_each_catalog_is_led_by_one_worker_also_when_another_comes_and_goes(stage: CatalogStage) -> None:
    catalogs = [some_catalog(), some_catalog(name="other", catalog_id=OTHER_ID, primary=False)]
    await stage.prepare(a_shop(catalogs=catalogs), a_shop(shop_id="dead", catalogs=[some_catalog(catalog_id="3")]))
    stage.of("dead", "3").behave(token_dead=True)
    await stage.of("dead", "3").change(a_product(0))
    await stage.change(*(a_product(number) for number in range(50)))
    with stage.start("") as first:
        await stage.until_jobs(lambda jobs: is_over("main|full")(jobs) and is_over("other|full")(jobs))
        with stage.start("") as second:
            changing = asyncio.create_task(_keep_changing(stage))
            await _until_logged(stage, "catalogs given away")
            await asyncio.sleep(1)
            assert second.stop(within_seconds=20) == 0, stage.log.read_text()[-3000:]
        last = await changing
        wanted = {f"v{number}": f"{last[number]:.2f} EUR" for number in last}
        for catalog_id in (stage.catalog_id, OTHER_ID):
            await _until_prices(stage, catalog_id, wanted)
        first.kill()

    for catalog_id in (stage.catalog_id, OTHER_ID):
        assert stage.catalog(catalog_id)["repeats_in_batch"] == 0
        assert stage.catalog(catalog_id)["overlapping_items"] == 0
    assert {alert["kind"] for alert in await stage.of("dead", "3").alerts()} == {"catalog_stopped"}


async def _keep_changing(stage: CatalogStage) -> dict[int, float]:
    last = {}
    for turn in range(25):
        number, price = turn % 20, 10.0 + turn
        last[number] = price
        await stage.change(a_product(number, at=NOON + 1 + turn, price=price))
        await asyncio.sleep(0.1)
    return last


async def _until_prices(stage: CatalogStage, catalog_id: str, wanted: dict[str, str]) -> None:
    deadline = time.monotonic() + 30
    while {each: fields["price"] for each, fields in stage.items(catalog_id).items() if each in wanted} != wanted:
        assert time.monotonic() < deadline, stage.log.read_text()[-3000:]
        await asyncio.sleep(0.2)
