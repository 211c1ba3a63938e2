"""The worker `catalog` on real Kafka against the stand-in of Meta: what changes is accepted, killed or not."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.builders import NOON, a_shop
from tests.contract.meta_process import a_running_standin
from tests.integration.catalog_stage import CatalogStage, a_deletion, a_product, are_all, some_catalog

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    with a_running_standin() as address:
        yield address


@pytest.fixture
async def stage(kafka_bootstrap: str, standin: str, tmp_path: Path) -> AsyncIterator[CatalogStage]:
    stage = CatalogStage(kafka_bootstrap, standin, tmp_path)
    stage.meta.delete("/_catalogs")
    stage.meta.delete("/_behave")
    yield stage
    await stage.close()


async def test_a_change_is_accepted_within_seconds_and_a_deleted_product_is_gone(stage: CatalogStage) -> None:
    await stage.prepare(a_shop(catalogs=[some_catalog()]))
    await stage.change(*(a_product(number) for number in range(5)))
    with stage.start():
        await stage.until_jobs(lambda jobs: jobs["main|full"]["state"] == "finished" if jobs else False)
        first = stage.items()
        began = time.monotonic()
        await stage.change(a_product(1, at=NOON + 1, price=9.5), a_deletion(2, at=NOON + 1))
        await stage.until_items(lambda items: "v2" not in items and items["v1"]["price"] == "9.50 EUR")
        seconds = time.monotonic() - began
        receipts = await stage.until_receipts(lambda each: are_all(each, "accepted", ["v0", "v1", "v3", "v4"]))

    assert first.keys() == {"v0", "v1", "v2", "v3", "v4"}
    assert seconds < 5
    assert receipts["main|v2"]["status"] == "deleted"
    job = (await stage.jobs())["main|full"]
    assert (job["trigger"], job["total"], job["done"], job["accepted"]) == ("first", 5, 5, 5)
